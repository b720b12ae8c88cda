// Compresses a teacher on images held in memory. Usage: InMemory TEACHER IMAGES STUDENT
using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Pruning;
using DataFreeKD.Imaging;
using DataFreeKD.Models;
using DataFreeKD.Probe;
using DataFreeKD.Toolkit;

MemoryImage[] images =
[
    .. Directory
        .EnumerateFiles(args[1], "*", SearchOption.AllDirectories)
        .Order()
        .Select(file => new MemoryImage(file, File.ReadAllBytes(file))),
];
using Teacher teacher = Teacher.Load(args[0]);
IReadOnlyList<ScoredImage> pool = teacher.Score(images);
IReadOnlyList<SelectedImage> selected = ImageSelection.From(pool, budget: images.Length / 2);
Console.WriteLine(
    $"best: {selected[0].Scored.Image.Name}, a {selected[0].Scored.ClassName} with a probability of {selected[0].Scored.Confidence:P1}"
);

using LoadedModel model = ModelStore.Load(args[0]);
using PrunedStudent student = PruneRun.Prune(
    model,
    [.. selected.Select(one => one.Scored.Image)],
    new PruneSettings { Size = new ShapeBudget(BudgetUnit.Parameters, 0.5) }
);

// Agreement is measured on the images that the student was not fitted on.
HashSet<MemoryImage> fitted = [.. selected.Select(one => one.Scored.Image)];
LabelledImage[] others =
[
    .. pool.Where(one => one.Ok && !fitted.Contains(one.Image)).Select(one => new LabelledImage(one.Image, one.Prediction!.Value)),
];
EvaluationReport report = EvaluateRun.Evaluate(student.Model, others, against: model);
Console.WriteLine(
    $"{report.Parameters:N0} of {report.Against!.Parameters:N0} parameters, agrees with its teacher on {report.Against.Agreement:P1} of the other images"
);
student.Save(args[2]);

// A teacher, a source of images, a score, a selection method, a loss and a pack format of your own, in one program.
// Usage: OwnParts TEACHER IMAGES FOLDER [STUDENT_SPEC]

using System.Runtime.CompilerServices;
using DataFreeKD.Core;
using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Imaging;
using DataFreeKD.OwnParts;
using DataFreeKD.Packer;
using DataFreeKD.Probe;
using DataFreeKD.Toolkit;

if (args.Length is < 3 or > 4)
{
    Console.Error.WriteLine("usage: OwnParts TEACHER IMAGES FOLDER [STUDENT_SPEC]");
    return 2;
}
try
{
    LogitGapScore.Register();
    LossCatalogue.Register(LogitError.Entry);

    // A network of the program itself scores images as a checkpoint does.
    using (ColourTeacher network = new())
    using (Teacher own = Teacher.From(network, ColourTeacher.Preprocessing, ColourTeacher.ClassNames))
    {
        MemoryImage first = new(
            args[1],
            File.ReadAllBytes(Directory.EnumerateFiles(args[1], "*", SearchOption.AllDirectories).Order().First())
        );
        ScoredImage seen = own.Score(first);
        Console.WriteLine(
            seen.Ok ? $"the first image is {seen.ClassName}, with a probability of {seen.Confidence:P0}" : $"the first image: {seen.Reason}"
        );
    }

    using Teacher teacher = new(new TeacherOptions { Teacher = args[0], ExtraScores = ["logit_gap"] });
    List<ScoredImage> pool = [];
    await foreach (ScoredImage image in teacher.ScoreAsync(NewestFirst(args[1])))
        pool.Add(image);
    IReadOnlyList<SelectedImage> selected = ImageSelection.From(pool, options => options with { Method = "logit-gap", Fraction = 0.5 });
    Console.WriteLine(
        $"{selected.Count} of {pool.Count} images selected; the widest gap is {selected[0].Score:F2}, of {selected[0].Scored.Image.Name}"
    );

    // 8 × 8 patches of the teacher's input size.
    int side = teacher.Preprocessing.ImageSize;
    string student = args.Length > 3 ? args[3] : $"vit:img={side},patch={side / 8},dim=96,depth=5,heads=3";

    // Training reads its images from files, which those here are.
    Directory.CreateDirectory(args[2]);
    string table = Path.GetFullPath(Path.Combine(args[2], "selected.csv"));
    ScoresTable.Write(table, [.. selected.Select(one => one.Scored)], place => Path.GetFullPath(selected[place].Scored.Image.Name));
    DistillSummary made = DistillRun.Execute(
        new DistillOptions
        {
            Teacher = args[0],
            Selection = table,
            Student = student,
            Loss = Recipe.From(LossCatalogue.Find("kd")!.Term(1, ("T", "4")), LogitError.Entry.Term(0.1)),
            Steps = 20,
            BatchSize = 16,
            Output = Path.Combine(args[2], "student"),
            Overwrite = true,
        }
    );
    Console.WriteLine($"student of {made.Parameters:N0} parameters in {made.Output}");
    PackSummary packed = PackRun.Execute(
        new PackOptions
        {
            Selection = table,
            Format = JsonLines.Format,
            Output = Path.Combine(args[2], "selected.jsonl"),
            Overwrite = true,
        }
    );
    Console.WriteLine($"{packed.Packed} images in {packed.Output}");
    return 0;
}
catch (Exception problem) when (problem is DataFreeKDException or IOException)
{
    Console.Error.WriteLine($"error: {problem.Message}");
    return 2;
}

// A source is a stream of images: from a camera, a queue, a database. Here it is a folder, the newest files first.
static async IAsyncEnumerable<MemoryImage> NewestFirst(string folder, [EnumeratorCancellation] CancellationToken cancel = default)
{
    foreach (
        FileInfo file in new DirectoryInfo(folder)
            .EnumerateFiles("*", SearchOption.AllDirectories)
            .OrderByDescending(file => file.LastWriteTimeUtc)
            .ThenBy(file => file.FullName, StringComparer.Ordinal)
    )
    {
        await using FileStream stream = file.OpenRead();
        yield return await MemoryImage.ReadAsync(file.FullName, stream, cancel);
    }
}

// Cost of one loss of features between one layer of a student and one of a teacher, forward and backward.
// dotnet run -c Release --project bench/LossCost -- TERM [B GRID Ds Dt REPEATS]   (TERM: manifold, manifold:exact=1, tat, tat:groups=2,
// ...; patches: the exact manifold loss as it is written; none.
// Peak memory is a process's, so one term a process.)

using System.Diagnostics;
using System.Globalization;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Models;
using TorchSharp;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
int[] sizes = [.. args.Skip(1).Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
if (args.Length is 0 or > 6)
{
    Console.Error.WriteLine("give: a term of a recipe, patches or none, then B GRID Ds Dt REPEATS");
    return 2;
}
int At(int i, int otherwise) => i < sizes.Length ? sizes[i] : otherwise;
(int images, int grid, int studentWidth, int teacherWidth, int repeats) = (At(0, 64), At(1, 14), At(2, 192), At(3, 192), At(4, 5));
torch.set_num_threads(Environment.ProcessorCount);

VitConfig Shape(int width) =>
    new()
    {
        ImageSize = 16 * grid,
        PatchSize = 16,
        Width = width,
        Depth = 1,
        Heads = 1,
        MlpHidden = width,
        Classes = 10,
    };
LossTerm? term = args[0] is "none" or "patches"
    ? null
    : LossCatalogue
        .Build(Recipe.Parse(args[0]), new LossContext(new ModelPair(Shape(teacherWidth), Shape(studentWidth)), seed: 1, torch.CPU))
        .Single();
using torch.Generator generator = new(1);
torch.Tensor student = torch.randn([images, (grid * grid) + 1, studentWidth], generator: generator).requires_grad_(true),
    teacher = torch.randn([images, (grid * grid) + 1, teacherWidth], generator: generator);
using Process self = Process.GetCurrentProcess();
long before = self.WorkingSet64;
List<double> milliseconds = [];
TimeSpan cpu = TimeSpan.Zero;
double value = double.NaN;
for (int i = 0; i <= repeats && args[0] != "none"; i++)
{
    using DisposeScope scope = torch.NewDisposeScope();
    Stopwatch clock = Stopwatch.StartNew();
    torch.Tensor loss = term is null
        ? OverPatches(student, teacher)
        : term.Compute(
            new LossInputs
            {
                Student = Output(student),
                Teacher = Output(teacher),
                At = new StepPosition(i, repeats + 1),
            }
        );
    torch.autograd.grad([loss], [student])[0].sum().item<float>();
    // The first one warms up.
    self.Refresh();
    if (i == 0)
        cpu = self.TotalProcessorTime;
    else
        milliseconds.Add(clock.Elapsed.TotalMilliseconds);
    value = loss.item<float>();
}
self.Refresh();
double spent = milliseconds.Count == 0 ? 0 : (self.TotalProcessorTime - cpu).TotalMilliseconds / milliseconds.Count;
milliseconds.Sort();
string time = milliseconds.Count == 0 ? "-" : $"{milliseconds[milliseconds.Count / 2]:F0} ({milliseconds[0]:F0}–{milliseconds[^1]:F0})";
Console.WriteLine(
    $"{args[0]}: B={images} N={grid * grid} Ds={studentWidth} Dt={teacherWidth}, {torch.get_num_threads()} threads: {time} ms, {spent:F0} ms CPU, peak {(self.PeakWorkingSet64 - before) / 1e6:F0} MB above the tokens, loss {value:G6}"
);
return 0;

static ModelOutput Output(torch.Tensor tokens) =>
    new()
    {
        Embedding = tokens.select(1, 0),
        Hidden = new Dictionary<int, torch.Tensor> { [0] = tokens },
    };

// As the equation is written, [BN, BN].
static torch.Tensor OverPatches(torch.Tensor student, torch.Tensor teacher)
{
    torch.Tensor s = Unit(student),
        t = Unit(teacher);
    return (s.matmul(s.t()) - t.matmul(t.t())).square().mean();
}

static torch.Tensor Unit(torch.Tensor tokens) =>
    torch.nn.functional.normalize(tokens.narrow(1, 1, tokens.shape[1] - 1), p: 2, dim: -1, eps: 1e-12).flatten(0, 1);

// Cost of the fine-grained manifold loss, forward and backward of one layer pair: decoupled in three parts, and exact by way of all patches or of the features.
// dotnet run -c Release --project bench/ManifoldCost FORM [B N Ds Dt REPEATS]   (FORM: none, decoupled, features or patches; peak memory is a process's, so one form a process)

using System.Diagnostics;
using System.Globalization;
using DataFreeKD.Distiller.Losses;
using TorchSharp;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
int[] sizes = [.. args.Skip(1).Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
if (args.Length is 0 or > 6 || args[0] is not ("none" or "decoupled" or "features" or "patches"))
{
    Console.Error.WriteLine("give: none, decoupled, features or patches, then B N Ds Dt REPEATS");
    return 2;
}
int At(int i, int otherwise) => i < sizes.Length ? sizes[i] : otherwise;
(int images, int patches, int studentWidth, int teacherWidth, int repeats) = (At(0, 64), At(1, 196), At(2, 192), At(3, 192), At(4, 5));
torch.set_num_threads(Environment.ProcessorCount);

using torch.Generator generator = new(1);
torch.Tensor student = Unit(torch.randn([images, patches, studentWidth], generator: generator)).requires_grad_(true), teacher = Unit(torch.randn([images, patches, teacherWidth], generator: generator));
torch.Tensor chosen = torch.randperm((long)images * patches, generator: generator).narrow(0, 0, 192);
using Process self = Process.GetCurrentProcess();
long before = self.WorkingSet64;
List<double> milliseconds = [];
TimeSpan cpu = TimeSpan.Zero;
double value = double.NaN;
for (int i = 0; i <= repeats && args[0] != "none"; i++)
{
    using DisposeScope scope = torch.NewDisposeScope();
    Stopwatch clock = Stopwatch.StartNew();
    torch.Tensor loss = args[0] switch
    {
        "decoupled" => (ManifoldDistillation.Intra(student, teacher) * 4) + (ManifoldDistillation.Inter(student, teacher) * 0.1) + (ManifoldDistillation.Random(student, teacher, chosen) * 0.2),
        "features" => ManifoldDistillation.Exact(student, teacher),
        _ => OverPatches(student, teacher),
    };
    torch.autograd.grad([loss], [student])[0].sum().item<float>();
    // The first one warms up.
    self.Refresh();
    if (i == 0) cpu = self.TotalProcessorTime;
    else milliseconds.Add(clock.Elapsed.TotalMilliseconds);
    value = loss.item<float>();
}
self.Refresh();
double spent = milliseconds.Count == 0 ? 0 : (self.TotalProcessorTime - cpu).TotalMilliseconds / milliseconds.Count;
milliseconds.Sort();
string time = milliseconds.Count == 0 ? "-" : $"{milliseconds[milliseconds.Count / 2]:F0} ({milliseconds[0]:F0}–{milliseconds[^1]:F0})";
Console.WriteLine($"{args[0]}: B={images} N={patches} Ds={studentWidth} Dt={teacherWidth}, {torch.get_num_threads()} threads: {time} ms, {spent:F0} ms CPU, peak {(self.PeakWorkingSet64 - before) / 1e6:F0} MB above the tokens, loss {value:G6}");
return 0;

static torch.Tensor Unit(torch.Tensor tokens) => torch.nn.functional.normalize(tokens, p: 2, dim: -1, eps: 1e-12);

// As the equation is written, [BN, BN].
static torch.Tensor OverPatches(torch.Tensor student, torch.Tensor teacher)
{
    torch.Tensor s = student.flatten(0, 1), t = teacher.flatten(0, 1);
    return (s.matmul(s.t()) - t.matmul(t.t())).square().mean();
}

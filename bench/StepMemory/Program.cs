// Peak memory and time of one training step of a model with random weights: gradients of smoothed cross-entropy, then AdamW.
// dotnet run -c Release --project bench/StepMemory -- MODEL IMAGES [PARTS] [checkpoint]
// Peak memory is a process's, so one step a process.

using System.Diagnostics;
using System.Globalization;
using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Distiller.Optimisation;
using DataFreeKD.Distiller.Training;
using DataFreeKD.Models;
using TorchSharp;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args.Length is < 2 or > 4)
{
    Console.Error.WriteLine("give: MODEL IMAGES [PARTS] [checkpoint]");
    return 2;
}
int images = int.Parse(args[1], CultureInfo.InvariantCulture),
    parts = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 1;
torch.set_num_threads(Environment.ProcessorCount);
TrainOptions options = new()
{
    DataPath = "",
    Model = args[0],
    Output = "",
};

using DisposeScope scope = torch.NewDisposeScope();
using ImageModel model = ModelRegistry.Resolve(args[0]).Create(seed: 1);
model.train();
if (args is [.., "checkpoint"])
    model.AsVisionTransformer("has no blocks").Recomputation = new Recomputation();
using AdamW optimiser = new(TrainedTensor.Of(model, []), options);
SupervisedObjective objective = new(model, [.. Enumerable.Repeat(0, images)], options.LabelSmoothing);
torch.Tensor pixels = torch.randn([images, 3, model.Config.ImageSize, model.Config.ImageSize], generator: new torch.Generator(1));
Batch batch = new(pixels, [.. Enumerable.Range(0, images)], 0) { Start = 0, Seeds = new ulong[images] };
long start = Stopwatch.GetTimestamp();
StepResult result = new StepGradients(objective, model, [.. optimiser.Leaves], parts, clock: null).Of(
    batch,
    new Mixed(pixels, 1),
    null,
    new StepPosition(0, 1)
);
optimiser.Step(result.Gradients, 1e-3, 0);
double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
Console.WriteLine($"{PeakMiB()} {seconds:0.0} {result.Loss.Total.item<float>():0.000000}");
return 0;

static long PeakMiB() =>
    long.Parse(
        File.ReadLines("/proc/self/status")
            .First(line => line.StartsWith("VmHWM", StringComparison.Ordinal))
            .Split(':')[1]
            .Trim()
            .Split(' ')[0],
        CultureInfo.InvariantCulture
    ) / 1024;

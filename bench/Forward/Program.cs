// What scoring is measured against, in the same libtorch. Prints one JSON line.
// dotnet run -c Release --project bench/Forward -- traced MODEL_DIR TRACED.pt IMAGES OUT.csv THREADS LANES BATCH   (timm, traced by
// bench/peers/trace_model.py; LANES batches at the same time share the threads)
//                                                  pass MODEL_DIR THREADS BATCH PASSES [bf16]                     (GFLOP and seconds of
// forward passes, a lane of one thread for each)
//                                                  product SIDE THREADS TIMES                                     (the same of libtorch's
// own matrix products)

using System.Globalization;
using System.Text.Json;
using DataFreeKD.Bench.Forward;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
int Number(int at) => int.Parse(args[at], CultureInfo.InvariantCulture);
Figures? figures = (args.FirstOrDefault(), args.Length) switch
{
    ("traced", 8) => TracedScoring.Run(args[1], args[2], args[3], args[4], threads: Number(5), lanes: Number(6), batch: Number(7)),
    ("pass", 5 or 6) => Arithmetic.Pass(args[1], threads: Number(2), batch: Number(3), passes: Number(4), bfloat16: args is [.., "bf16"]),
    ("product", 4) => Arithmetic.Product(side: Number(1), threads: Number(2), times: Number(3)),
    _ => null,
};
Console.Out.WriteLine(
    figures is null ? "give what the head of bench/Forward/Program.cs lists" : JsonSerializer.Serialize(figures, JsonSerializerOptions.Web)
);
return figures is null ? 2 : 0;

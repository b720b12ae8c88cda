// timm's model, traced by PyTorch, in this libtorch, with this project's decoder and transform: what is left of a difference is the forward
// pass's.

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using DataFreeKD.Imaging;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Bench.Forward;

/// <summary>Scores a folder; the table is the one that bench/peers/score_pytorch.py writes.</summary>
internal static class TracedScoring
{
    public static Figures Run(string model, string traced, string images, string output, int threads, int lanes, int batch)
    {
        set_num_threads(threads);
        Stopwatch clock = Stopwatch.StartNew();
        Preprocessing transform = TransformOf(Path.Combine(model, "config.json"));
        using jit.ScriptModule<Tensor, Tensor> network = jit.load<Tensor, Tensor>(traced);
        network.eval();
        string[] files = [.. Directory.EnumerateFiles(images, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        ConcurrentDictionary<int, string[]> rows = [];
        using BlockingCollection<(int Index, string[] Files, Task<float[]> Pixels)> ahead = new(lanes + 1);
        // One batch for each lane is decoded while others are computed.
        Task reading = Task.Run(() =>
        {
            foreach ((int index, string[] chunk) in files.Chunk(batch).Index())
                ahead.Add((index, chunk, Task.Run(() => Decode(chunk, transform))));
            ahead.CompleteAdding();
        });
        Thread[] hands = [.. Enumerable.Range(0, lanes).Select(_ => new Thread(Compute))];
        foreach (Thread hand in hands)
            hand.Start();
        foreach (Thread hand in hands)
            hand.Join();
        reading.GetAwaiter().GetResult();
        File.WriteAllLines(
            output,
            rows.OrderBy(pair => pair.Key)
                .SelectMany(pair => pair.Value)
                .Prepend("path,prediction,confidence,entropy,energy,pseudo_label_ce")
        );
        return new Figures(files.Length, clock.Elapsed.TotalSeconds);

        void Compute()
        {
            set_num_threads(Math.Max(1, threads / lanes));
            using IDisposable inference = inference_mode();
            foreach ((int index, string[] chunk, Task<float[]> pixels) in ahead.GetConsumingEnumerable())
            {
                using DisposeScope scope = NewDisposeScope();
                Tensor logits = network.call(
                        tensor(pixels.GetAwaiter().GetResult(), [chunk.Length, 3, transform.ImageSize, transform.ImageSize])
                    ),
                    logP = logits.log_softmax(-1);
                (Tensor top, Tensor prediction) = logP.max(-1);
                float[] largest = Floats(top),
                    entropy = Floats(-(logP.exp() * logP).sum(-1)),
                    energy = Floats(-logits.logsumexp(-1));
                long[] predicted = prediction.data<long>().ToArray();
                rows[index] =
                [
                    .. chunk.Select(
                        (file, i) =>
                            string.Create(
                                CultureInfo.InvariantCulture,
                                $"{file},{predicted[i]},{MathF.Exp(largest[i])},{entropy[i]},{energy[i]},{-largest[i]}"
                            )
                    ),
                ];
            }
        }
    }

    private static float[] Decode(string[] files, Preprocessing transform)
    {
        int length = 3 * transform.ImageSize * transform.ImageSize;
        float[] pixels = new float[files.Length * length];
        Parallel.For(0, files.Length, i =>
            transform.Normalise(transform.Apply(ImageDecoder.Decode(File.ReadAllBytes(files[i])).Image!), pixels.AsSpan(i * length, length))
        );
        return pixels;
    }

    private static float[] Floats(Tensor values) => values.data<float>().ToArray();

    private static Preprocessing TransformOf(string config)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(config));
        JsonElement prepared = document.RootElement.GetProperty("pretrained_cfg");
        return new Preprocessing
        {
            ImageSize = prepared.GetProperty("input_size")[2].GetInt32(),
            CropPct = prepared.GetProperty("crop_pct").GetDouble(),
            Mean = Channels("mean"),
            Std = Channels("std"),
        };

        float[] Channels(string name) => [.. prepared.GetProperty(name).EnumerateArray().Select(value => value.GetSingle())];
    }
}

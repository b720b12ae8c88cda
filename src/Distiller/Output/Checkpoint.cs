// Everything needed to go on, in one file that appears whole or not at all.

using System.Security.Cryptography;
using System.Text;
using DataFreeKD.Models.Checkpoints;
using TorchSharp;

namespace DataFreeKD.Distiller.Output;

/// <summary>Saves and restores a run. Random numbers are functions of (seed, step), so the step is all that randomness needs.</summary>
internal static class Checkpoint
{
    private const string StepKey = "step",
        SumsKey = "metric_sums",
        FingerprintKey = "fingerprint";

    /// <summary>SHA-256 of everything that decides the result.</summary>
    public static byte[] Fingerprint(string description) => SHA256.HashData(Encoding.UTF8.GetBytes(description));

    /// <summary>Writes the state after <paramref name="step"/> steps atomically.</summary>
    public static void Save(string path, int step, byte[] fingerprint, double[] sums, IReadOnlyDictionary<string, torch.Tensor> vectors)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> tensors = vectors.ToDictionary(pair => pair.Key, pair => pair.Value.cpu());
        tensors[StepKey] = torch.tensor(new long[] { step });
        tensors[SumsKey] = torch.tensor(sums);
        tensors[FingerprintKey] = torch.tensor(fingerprint);
        using AtomicFile file = new(path);
        SafeTensors.Write(file.Stream, tensors);
        file.Commit();
    }

    /// <summary>Restores a state; returns the steps done, 0 where there is no checkpoint. Vectors are handed to
    /// <paramref name="take"/>.</summary>
    /// <exception cref="DistillException">The checkpoint is of another run.</exception>
    public static int Load(string path, byte[] fingerprint, double[] sums, Action<IReadOnlyDictionary<string, torch.Tensor>> take)
    {
        if (!File.Exists(path))
            return 0;
        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> tensors = SafeTensors.Read(path);
        if (!tensors.TryGetValue(FingerprintKey, out torch.Tensor? saved) || !saved.bytes.SequenceEqual(fingerprint))
            throw new DistillException(
                $"{path} belongs to a run with other options, images or models (training/state.json lists them); repeat those to resume, or pass Overwrite to start again"
            )
            {
                Options = [nameof(LoopOptions.Overwrite)],
            };
        double[] savedSums = tensors[SumsKey].data<double>().ToArray();
        savedSums.CopyTo(sums, 0);
        take(tensors);
        return (int)tensors[StepKey].item<long>();
    }
}

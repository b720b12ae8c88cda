// The best weights so far by the held-out score, and when to stop looking for better ones.

using DataFreeKD.Models;
using DataFreeKD.Models.Checkpoints;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>Keeps a model's weights in a file whenever its held-out score rises by more than the minimum gain.</summary>
internal sealed class BestWeights(string file, LoopOptions options)
{
    private const string Key = "best";

    private double score = double.NegativeInfinity;
    private int step,
        without;

    /// <summary>Whether the score has not risen for so many scorings that training stops.</summary>
    public bool Exhausted => options.Patience > 0 && without >= options.Patience;

    /// <summary>What a checkpoint keeps.</summary>
    public IEnumerable<KeyValuePair<string, torch.Tensor>> State => [KeyValuePair.Create(Key, torch.tensor([score, step, without]))];

    /// <summary>Takes up a checkpoint's state.</summary>
    public void Load(IReadOnlyDictionary<string, torch.Tensor> saved)
    {
        double[] values = HostReads.Doubles(saved[Key]);
        (score, step, without) = (values[0], (int)values[1], (int)values[2]);
    }

    /// <summary>Looks at a model: kept if it is better.</summary>
    public void Offer(int at, ImageModel model, double its)
    {
        bool first = double.IsNegativeInfinity(score);
        if (!first && its <= score + options.MinimumGain)
        {
            without++;
            return;
        }
        (score, step, without) = (its, at, 0);
        using DisposeScope scope = torch.NewDisposeScope();
        using AtomicFile written = new(file);
        SafeTensors.Write(written.Stream, model.StateDict().ToDictionary(pair => pair.Key, pair => HostReads.ToHost(pair.Value.detach())));
        written.Commit();
    }

    /// <summary>Gives a model the best weights, where its own are worse.</summary>
    /// <param name="model">With its last weights.</param>
    /// <param name="its">Their held-out score.</param>
    /// <returns>The step and score of the weights taken; null where its own were as good.</returns>
    public (int Step, double? Score)? Restore(ImageModel model, double its)
    {
        if (its >= score)
            return null;
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable off = torch.no_grad();
        Dictionary<string, torch.Tensor> kept = SafeTensors.Read(file);
        foreach ((string name, torch.Tensor tensor) in model.StateDict())
            tensor.copy_(kept[name]);
        return (step, score);
    }
}

// BatchNorm's running statistics beside the optimiser: averaged with the weights, saved with them.

using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Optimisation;

/// <summary>The buffers of the model that learns. Averaged weights need averaged statistics: those of the trained weights belong to other
/// activations.</summary>
internal sealed class RunningStatistics : IDisposable
{
    private const string LivePrefix = "buffer.",
        AveragePrefix = "buffer_average.";

    private readonly double ema;
    private readonly (string Name, torch.Tensor Live, torch.Tensor? Average)[] buffers;

    public RunningStatistics(ImageModel model, double ema)
    {
        this.ema = ema;
        using IDisposable off = torch.no_grad();
        // Counters of batches are no statistics: the average keeps the live one.
        buffers =
        [
            .. model
                .Buffers()
                .Select(pair =>
                    (pair.Key, pair.Value, ema > 0 && pair.Value.is_floating_point() ? pair.Value.clone().DetachFromDisposeScope() : null)
                ),
        ];
    }

    /// <summary>Every buffer and every average by name, live.</summary>
    public IEnumerable<KeyValuePair<string, torch.Tensor>> State =>
        buffers
            .Select(buffer => KeyValuePair.Create(LivePrefix + buffer.Name, buffer.Live))
            .Concat(
                buffers
                    .Where(buffer => buffer.Average is not null)
                    .Select(buffer => KeyValuePair.Create(AveragePrefix + buffer.Name, buffer.Average!))
            );

    /// <summary>Follows the step that was just taken; <paramref name="step"/> counts from 0.</summary>
    public void Follow(int step)
    {
        using IDisposable off = torch.no_grad();
        double decay = AdamW.AverageDecay(ema, step);
        foreach ((_, torch.Tensor live, torch.Tensor? average) in buffers)
            average?.mul_(decay).add_(live, 1 - decay);
    }

    /// <summary>Runs <paramref name="body"/> with the averaged statistics (where kept) in the model, then puts the live ones
    /// back.</summary>
    public void WithAverage(Action body)
    {
        using IDisposable off = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor?[] trained = [.. buffers.Select(buffer => buffer.Average is null ? null : buffer.Live.clone())];
        KeepAverage();
        try
        {
            body();
        }
        finally
        {
            for (int i = 0; i < buffers.Length; i++)
            {
                if (trained[i] is { } live)
                    buffers[i].Live.copy_(live);
            }
        }
    }

    /// <summary>Leaves the averaged statistics (where kept) in the model for good.</summary>
    public void KeepAverage()
    {
        using IDisposable off = torch.no_grad();
        foreach ((_, torch.Tensor live, torch.Tensor? average) in buffers)
        {
            if (average is not null)
                live.copy_(average);
        }
    }

    /// <summary>Takes saved statistics.</summary>
    public void Load(IReadOnlyDictionary<string, torch.Tensor> saved)
    {
        using IDisposable off = torch.no_grad();
        foreach ((string name, torch.Tensor live) in State)
            live.copy_(saved[name]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((_, _, torch.Tensor? average) in buffers)
            average?.Dispose();
    }
}

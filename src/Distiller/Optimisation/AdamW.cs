// AdamW (Loshchilov and Hutter, 2019) with clipping and a moving average of the weights, all on one flat vector. Own code, as TorchSharp's
// state cannot be saved together with the rest of a run for a resume to the same bytes (docs/adr/0007).

using TorchSharp;

namespace DataFreeKD.Distiller.Optimisation;

/// <summary>Every parameter lives in one flat vector, so a step costs a dozen large operations however many tensors the model has, and the
/// state is four vectors to save.</summary>
internal sealed class AdamW : IDisposable
{
    private const double Beta1 = 0.9,
        Beta2 = 0.99,
        Epsilon = 1e-8;

    private readonly TrainedTensor[] tensors;
    private readonly torch.Tensor weights,
        first,
        second;
    private readonly torch.Tensor? average;
    private readonly long decayed;
    private readonly LoopOptions options;

    public AdamW(IReadOnlyList<TrainedTensor> trained, LoopOptions options)
    {
        this.options = options;
        // Decayed tensors first: weight decay is then one multiplication of a slice.
        tensors = [.. trained.Where(tensor => tensor.Decay), .. trained.Where(tensor => !tensor.Decay)];
        decayed = tensors.Where(tensor => tensor.Decay).Sum(tensor => tensor.Value.numel());
        using IDisposable off = torch.no_grad();
        // torch.cat of a single tensor is that tensor: the copy keeps the flat vector apart from the leaf.
        weights = Flat(tensors.Select(tensor => tensor.Value)).clone().DetachFromDisposeScope();
        first = torch.zeros_like(weights).DetachFromDisposeScope();
        second = torch.zeros_like(weights).DetachFromDisposeScope();
        average = options.Ema > 0 ? weights.clone().DetachFromDisposeScope() : null;
    }

    /// <summary>Decay of the moving average in force at a step: short runs are not dominated by their start.</summary>
    public static double AverageDecay(double ema, int step) => Math.Min(ema, (1.0 + step) / (10.0 + step));

    /// <summary>The leaves, in the order that gradients are wanted.</summary>
    public IEnumerable<torch.Tensor> Leaves => tensors.Select(tensor => tensor.Value);

    /// <summary>Layout of the flat vectors: names and sizes in order. Saved state fits only the same layout.</summary>
    public string Layout => string.Join(';', tensors.Select(tensor => $"{tensor.Name}:{string.Join('x', tensor.Value.shape)}"));

    /// <summary>One step; <paramref name="step"/> counts from 0. Returns the gradient's norm before clipping, a scalar tensor.</summary>
    public torch.Tensor Step(IReadOnlyList<torch.Tensor> gradients, double rate, int step)
    {
        using IDisposable off = torch.no_grad();
        torch.Tensor gradient = Flat(gradients);
        torch.Tensor norm = torch.linalg.vector_norm(gradient, 2);
        if (options.Clip > 0)
            gradient.mul_((options.Clip / (norm + 1e-6)).clamp_max(1));
        first.mul_(Beta1).add_(gradient, 1 - Beta1);
        second.mul_(Beta2).addcmul_(gradient, gradient, 1 - Beta2);
        if (options.WeightDecay > 0 && decayed > 0)
            weights.narrow(0, 0, decayed).mul_(1 - (rate * options.WeightDecay));
        torch.Tensor deviation = second.sqrt().div_(Math.Sqrt(1 - Math.Pow(Beta2, step + 1))).add_(Epsilon);
        weights.addcdiv_(first, deviation, -rate / (1 - Math.Pow(Beta1, step + 1)));
        Scatter(weights);
        if (average is not null)
        {
            double decay = AverageDecay(options.Ema, step);
            average.mul_(decay).add_(weights, 1 - decay);
        }
        return norm;
    }

    /// <summary>Runs <paramref name="body"/> with the averaged weights (where kept) in the model, then puts the trained ones
    /// back.</summary>
    public void WithAverage(Action body)
    {
        if (average is not null)
            Scatter(average);
        try
        {
            body();
        }
        finally
        {
            if (average is not null)
                Scatter(weights);
        }
    }

    /// <summary>Leaves the averaged weights (where kept) in the model for good.</summary>
    public void KeepAverage()
    {
        if (average is not null)
            Scatter(average);
    }

    /// <summary>The flat vectors by name, live.</summary>
    public IReadOnlyDictionary<string, torch.Tensor> State
    {
        get
        {
            Dictionary<string, torch.Tensor> state = new()
            {
                ["weights"] = weights,
                ["adam_first"] = first,
                ["adam_second"] = second,
            };
            if (average is not null)
                state["average"] = average;
            return state;
        }
    }

    /// <summary>Takes saved vectors and writes the weights into the model.</summary>
    public void Load(IReadOnlyDictionary<string, torch.Tensor> saved)
    {
        using IDisposable off = torch.no_grad();
        foreach ((string name, torch.Tensor live) in State)
            live.copy_(saved[name]);
        Scatter(weights);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (torch.Tensor tensor in State.Values)
            tensor.Dispose();
    }

    private static torch.Tensor Flat(IEnumerable<torch.Tensor> parts) => torch.cat([.. parts.Select(part => part.reshape(-1))]);

    private void Scatter(torch.Tensor flat)
    {
        using IDisposable off = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        long at = 0;
        foreach (TrainedTensor tensor in tensors)
        {
            long size = tensor.Value.numel();
            tensor.Value.copy_(flat.narrow(0, at, size).view(tensor.Value.shape));
            at += size;
        }
    }
}

// Batch normalisation over the channels of feature maps, with its running statistics.

using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace DataFreeKD.Models.Layers;

/// <summary>Holds <c>weight</c>, <c>bias</c> and the buffers <c>running_mean</c>, <c>running_var</c>, <c>num_batches_tracked</c>; epsilon
/// 1e-5, momentum 0.1, as torch.</summary>
internal sealed class BatchNorm : nn.Module
{
    public Parameter weight;
    public Parameter bias;
    public Tensor running_mean;
    public Tensor running_var;
    public Tensor num_batches_tracked;

    public BatchNorm(long channels)
        : base(nameof(BatchNorm))
    {
        register_parameter(nameof(weight), weight = Weight.Of(ones(channels)));
        register_parameter(nameof(bias), bias = Weight.Of(zeros(channels)));
        register_buffer(nameof(running_mean), running_mean = zeros(channels).DetachFromDisposeScope());
        register_buffer(nameof(running_var), running_var = ones(channels).DetachFromDisposeScope());
        register_buffer(nameof(num_batches_tracked), num_batches_tracked = zeros([], ScalarType.Int64).DetachFromDisposeScope());
    }

    /// <summary>Normalises <c>[B, C, H, W]</c>: by the batch's statistics in training, which the running ones follow, else by the running
    /// ones.</summary>
    public Tensor Norm(Tensor x)
    {
        if (training)
        {
            using IDisposable off = no_grad();
            num_batches_tracked.add_(1);
        }
        return nn.functional.batch_norm(x, running_mean, running_var, weight, bias, training, 0.1, 1e-5);
    }
}

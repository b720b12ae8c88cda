// The attention probe's figures of one batch, beside which the teacher's forward pass should be everything.

using BenchmarkDotNet.Attributes;
using DataFreeKD.Probe;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Micro;

/// <summary>CLS rows <c>[64, 3, 196]</c> (DeiT-tiny, batch 64) to probe, variance and cosine.</summary>
[MemoryDiagnoser]
public class ProbeBenchmarks
{
    private Tensor rows = empty(0);

    [GlobalSetup]
    public void Setup()
    {
        set_num_threads(1);
        rows = nn.functional.softmax(randn(64, 3, 196), -1);
    }

    [GlobalCleanup]
    public void Cleanup() => rows.Dispose();

    [Benchmark]
    public double Statistics()
    {
        using IDisposable inference = inference_mode();
        using DisposeScope scope = NewDisposeScope();
        Tensor probe = AttentionProbe.FromClsRows(rows);
        return (AttentionProbe.Variance(probe) + AttentionProbe.Cosine(probe)).sum().item<double>();
    }
}

// The tensors of a student that is being fitted, by timm name.

using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>How far a fit has come.</summary>
/// <param name="Blocks">Blocks fitted.</param>
/// <param name="Basis">P, <c>[D, d]</c>.</param>
/// <param name="Weights">Every tensor of the student.</param>
internal sealed record PruningState(int Blocks, torch.Tensor Basis, IReadOnlyDictionary<string, torch.Tensor> Weights);

/// <summary>Writes weights in place.</summary>
internal sealed class StudentWeights(VisionTransformer student)
{
    /// <summary>Every tensor; live, not copies.</summary>
    public IReadOnlyDictionary<string, torch.Tensor> All { get; } = student.StateDict();

    /// <summary>Sets one tensor.</summary>
    public void Put(string name, torch.Tensor value)
    {
        using IDisposable off = torch.no_grad();
        All[name].copy_(value);
    }

    /// <summary>Sets a map: its <c>weight</c> and, where it has one, its <c>bias</c>.</summary>
    public void Put(string name, (torch.Tensor Weight, torch.Tensor Bias) map)
    {
        Put(name + ".weight", map.Weight);
        if (All.ContainsKey(name + ".bias"))
            Put(name + ".bias", map.Bias);
    }

    /// <summary>A norm that only normalises: the maps behind it hold its scale and shift.</summary>
    public void Norm(string name)
    {
        using IDisposable off = torch.no_grad();
        All[name + ".weight"].fill_(1);
        All[name + ".bias"].fill_(0);
    }

    /// <summary>LayerScale of a block, where the student has it: the maps before it hold its scale.</summary>
    public void Scale(string block)
    {
        using IDisposable off = torch.no_grad();
        foreach (string name in (string[])["ls1.gamma", "ls2.gamma"])
        {
            if (All.TryGetValue(block + name, out torch.Tensor? gamma))
                gamma.fill_(1);
        }
    }

    /// <summary>Takes the tensors of an interrupted fit.</summary>
    public void Restore(PruningState state)
    {
        foreach (string name in All.Keys)
            Put(name, state.Weights[name]);
    }
}

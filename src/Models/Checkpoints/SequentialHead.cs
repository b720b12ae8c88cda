// A head that is one map within a sequence, as fine-tuning puts a dropout before it.

using System.Globalization;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary><c>head.1.weight</c> as <c>head.weight</c>, where the sequence has no other tensors.</summary>
internal static class SequentialHead
{
    private const string Head = "head.";

    /// <summary>Renames in place; what else the sequence may do leaves no tensor, so that it is said to be assumed.</summary>
    public static void Unwrap(Dictionary<string, Tensor> tensors, ReadingReport report)
    {
        string[] names = [.. tensors.Keys.Where(name => name.StartsWith(Head, StringComparison.Ordinal))];
        string? number = names.Select(name => name[Head.Length..].Split('.')).FirstOrDefault(parts => parts.Length == 2)?[0];
        if (
            number is null
            || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out _)
            || !tensors.TryGetValue($"{Head}{number}.weight", out Tensor? weight)
            || weight.dim() != 2
            || names.Any(name => name != $"{Head}{number}.weight" && name != $"{Head}{number}.bias")
        )
            return;
        foreach (string name in names)
        {
            tensors[Head + name[(name.LastIndexOf('.') + 1)..]] = tensors[name];
            tensors.Remove(name);
        }
        report.Add("head", new Told<string>($"'{Head}{number}' alone", "", FactSource.Assumed), text => text);
    }
}

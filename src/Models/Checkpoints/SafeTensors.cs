// The safetensors format, memory-mapped, with every offset checked before use.

using TorchSharp;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Reads and writes .safetensors.</summary>
public static class SafeTensors
{
    /// <summary>Reads every tensor, in the file's own dtype (F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL).</summary>
    /// <exception cref="ModelException">Header, offsets or sizes lie; the message names the tensor.</exception>
    public static Dictionary<string, torch.Tensor> Read(string path) => throw new NotImplementedException();

    /// <summary>Writes tensors to a stream, deterministic bytes: names sorted by ordinal, header padded to 8 bytes.</summary>
    public static void Write(Stream stream, IReadOnlyDictionary<string, torch.Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null) => throw new NotImplementedException();
}

// oneDNN's linear maps with prepacked weights, which libtorch has as operators but TorchSharp does not bind.

using System.IO.Compression;
using System.Text;
using TorchSharp;

namespace DataFreeKD.Models.Inference;

/// <summary>
/// Calls libtorch's <c>mkldnn::</c> operators through TorchScript: a script archive of four functions is the one way to an operator without
/// a binding. libtorch's own matrix product packs the weight
/// anew on every call and leaves the activation to a second pass; these do neither. Null where the build of libtorch has no oneDNN.
/// <c>DFKD_ONEDNN=0</c> turns it off.
/// </summary>
internal sealed class OneDnn
{
    private const string Source = """
        class OneDnn(Module):
          __parameters__ = []
          __buffers__ = []
          training : bool
          def pack(self: __torch__.OneDnn,
            w: Tensor,
            rows: int) -> Tensor:
            return ops.mkldnn._reorder_linear_weight(w, rows)
          def linear(self: __torch__.OneDnn,
            x: Tensor,
            w: Tensor,
            b: Tensor) -> Tensor:
            return ops.mkldnn._linear_pointwise(x, w, b, "none", annotate(List[Optional[number]], []), "")
          def gelu(self: __torch__.OneDnn,
            x: Tensor,
            w: Tensor,
            b: Tensor) -> Tensor:
            return ops.mkldnn._linear_pointwise(x, w, b, "gelu", annotate(List[Optional[number]], []), "none")
          def add(self: __torch__.OneDnn,
            x: Tensor,
            other: Tensor,
            w: Tensor,
            b: Tensor) -> Tensor:
            return ops.mkldnn._linear_pointwise(x, other, w, b, "add")

        """;

    // An instance of the class with training = False, as Python's pickle protocol 2 writes it; and the empty tuple.
    private static readonly byte[] Instance =
    [
        0x80,
        2,
        .. "c__torch__\nOneDnn\n"u8,
        (byte)'q',
        0,
        (byte)')',
        0x81,
        (byte)'}',
        (byte)'(',
        (byte)'X',
        8,
        0,
        0,
        0,
        .. "training"u8,
        (byte)'q',
        1,
        0x89,
        (byte)'u',
        (byte)'b',
        (byte)'q',
        2,
        (byte)'.',
    ];
    private static readonly byte[] NoConstants = [0x80, 2, (byte)')', (byte)'.'];

    private static readonly Lazy<OneDnn?> Loaded = new(Load);

    private readonly torch.jit.ScriptModule script;

    private OneDnn(torch.jit.ScriptModule script)
    {
        this.script = script;
        Float32 = Works(torch.ScalarType.Float32);
        BFloat16 = Works(torch.ScalarType.BFloat16);
    }

    /// <summary>The operators, or null.</summary>
    public static OneDnn? Operators => Loaded.Value;

    /// <summary>Whether the processor has these operators in bfloat16.</summary>
    public bool BFloat16 { get; }

    private bool Float32 { get; }

    /// <summary>A weight <c>[out, in]</c> in the layout that oneDNN wants for about so many rows of input; only the other methods can read
    /// it.</summary>
    public torch.Tensor Pack(torch.Tensor weight, long rows)
    {
        // Named, so that it lives through the call: of a plain long TorchSharp makes one that may be collected meanwhile.
        using Scalar count = rows;
        return (torch.Tensor)script.invoke("pack", weight, count);
    }

    /// <summary><c>x Wᵀ + b</c>.</summary>
    public torch.Tensor Linear(torch.Tensor x, torch.Tensor packed, torch.Tensor bias) =>
        (torch.Tensor)script.invoke("linear", x, packed, bias);

    /// <summary><c>gelu(x Wᵀ + b)</c>, the exact-erf GELU.</summary>
    public torch.Tensor LinearGelu(torch.Tensor x, torch.Tensor packed, torch.Tensor bias) =>
        (torch.Tensor)script.invoke("gelu", x, packed, bias);

    /// <summary><c>x Wᵀ + b + other</c>.</summary>
    public torch.Tensor LinearAdd(torch.Tensor x, torch.Tensor other, torch.Tensor packed, torch.Tensor bias) =>
        (torch.Tensor)script.invoke("add", x, other, packed, bias);

    private static OneDnn? Load()
    {
        if (Environment.GetEnvironmentVariable("DFKD_ONEDNN") == "0")
            return null;
        string file = ScratchFolder.NewFile();
        try
        {
            File.WriteAllBytes(file, Archive());
            // No dispose scope owns the module: it lives as long as the process.
            OneDnn loaded = new(torch.jit.load(file));
            return loaded.Float32 ? loaded : null;
        }
        catch (Exception error)
            when (error is System.Runtime.InteropServices.ExternalException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
        finally
        {
            File.Delete(file);
        }
    }

    // An operator that is there may still lack the processor: one small product tells.
    private bool Works(torch.ScalarType type)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable inference = torch.inference_mode();
        try
        {
            torch.Tensor x = Ones(2, 16),
                bias = Ones(8),
                packed = Pack(Ones(8, 16), 2);
            return Sum(Linear(x, packed, bias)) == 2 * 8 * 17
                && Sum(LinearAdd(x, Ones(2, 8), packed, bias)) == 2 * 8 * 18
                && Sum(LinearGelu(x, packed, bias)) > 0;
        }
        catch (System.Runtime.InteropServices.ExternalException)
        {
            return false;
        }

        torch.Tensor Ones(params long[] shape) => torch.ones(shape, dtype: type);
        static float Sum(torch.Tensor tensor) => tensor.to(torch.ScalarType.Float32).sum().item<float>();
    }

    private static byte[] Archive()
    {
        using MemoryStream bytes = new();
        using (ZipArchive zip = new(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add("data.pkl", Instance);
            Add("code/__torch__.py", Encoding.UTF8.GetBytes(Source.ReplaceLineEndings("\n")));
            Add("constants.pkl", NoConstants);
            Add("version", "3\n"u8);

            void Add(string name, ReadOnlySpan<byte> content)
            {
                using Stream entry = zip.CreateEntry("onednn/" + name, CompressionLevel.NoCompression).Open();
                entry.Write(content);
            }
        }
        return bytes.ToArray();
    }
}

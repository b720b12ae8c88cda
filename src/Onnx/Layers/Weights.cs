// The parameters of a model by timm's names.

using DataFreeKD.Models;
using static TorchSharp.torch;

namespace DataFreeKD.Onnx.Layers;

/// <summary>Live tensors of a model.</summary>
internal sealed class Weights(ImageModel model)
{
    private readonly IReadOnlyDictionary<string, Tensor> tensors = model.StateDict();

    /// <summary>A tensor that every model of the shape has.</summary>
    public Tensor this[string name] => tensors[name];

    /// <summary>A tensor that only some have; null where it is missing.</summary>
    public Tensor? Find(string name) => tensors.GetValueOrDefault(name);

    /// <summary>Bytes of all of them as float32.</summary>
    public long Bytes => tensors.Values.Sum(tensor => tensor.numel()) * sizeof(float);
}

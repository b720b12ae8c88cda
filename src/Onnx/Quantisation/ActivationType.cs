// The integers that hold activations of a calibrated int8 graph.

namespace DataFreeKD.Onnx.Quantisation;

/// <summary>What holds activations, under ONNX Runtime's names (<c>activation_type</c> of its quantiser).</summary>
internal enum ActivationType
{
    /// <summary>uint8 with a zero point: the whole range that was seen, and integer layers in ONNX Runtime on a CPU.</summary>
    QUInt8,

    /// <summary>int8, symmetric (<c>ActivationSymmetric</c>): zero point 0, as TensorRT wants it.</summary>
    QInt8,
}

namespace DataFreeKD.Probe;

/// <summary>What computes the teacher's forward passes.</summary>
public enum TeacherRuntime
{
    /// <summary>libtorch, on any device.</summary>
    Libtorch,

    /// <summary>ONNX Runtime, single precision, on the CPU or a CUDA device.</summary>
    Onnx,

    /// <summary>ONNX Runtime on the CPU, int8 weights and activations quantised as they come.</summary>
    OnnxInt8,
}

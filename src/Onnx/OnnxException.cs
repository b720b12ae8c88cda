namespace DataFreeKD.Onnx;

/// <summary>A model that cannot be exported or run; the message says what, where and how to mend it.</summary>
public sealed class OnnxException(string message, Exception? inner = null) : DataFreeKDException(message, inner);

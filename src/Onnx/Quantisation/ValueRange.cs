namespace DataFreeKD.Onnx.Quantisation;

/// <summary>Where the values of a tensor lie, or what is kept of them.</summary>
/// <param name="Low">Smallest.</param>
/// <param name="High">Largest.</param>
internal readonly record struct ValueRange(float Low, float High)
{
    /// <summary>Step and zero point of uint8 over the range, which is widened to hold 0: x ≈ step·(q − zero).</summary>
    public (float Step, byte Zero) AsUInt8()
    {
        double low = Math.Min(0, Low), high = Math.Max(0, High), step = (high - low) / 255;
        if (!(step > 1e-30)) return (1, 0);
        return ((float)step, (byte)Math.Clamp(Math.Round(-low / step), 0, 255));
    }
}

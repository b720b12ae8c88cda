namespace DataFreeKD.Onnx.Quantisation;

/// <summary>Where the values of a tensor lie, or what is kept of them.</summary>
/// <param name="Low">Smallest.</param>
/// <param name="High">Largest.</param>
internal readonly record struct ValueRange(float Low, float High)
{
    // A tensor of zeros has no range; any step holds it.
    private const double Least = 1e-30;

    /// <summary>Step and zero point of uint8 over the range, which is widened to hold 0: x ≈ step·(q − zero).</summary>
    public (float Step, byte Zero) AsUInt8()
    {
        double low = Math.Min(0, Low),
            high = Math.Max(0, High),
            step = (high - low) / 255;
        if (!(step > Least))
            return (1, 0);
        return ((float)step, (byte)Math.Clamp(Math.Round(-low / step), 0, 255));
    }

    /// <summary>Step of int8 over the range, which is widened to be as far below 0 as above: x ≈ step·q, q in −127..127.</summary>
    public float AsInt8()
    {
        double step = Math.Max(Math.Abs((double)Low), Math.Abs((double)High)) / 127;
        return step > Least ? (float)step : 1;
    }

    /// <summary>Step, smallest and largest value that a type holds of this range.</summary>
    public (double Step, double Low, double High) Held(ActivationType type)
    {
        if (type == ActivationType.QInt8)
            return (AsInt8(), -127.0 * AsInt8(), 127.0 * AsInt8());
        (float step, byte zero) = AsUInt8();
        return (step, -zero * (double)step, (255 - zero) * (double)step);
    }
}

// A limit to one value of a stream of JSON: the reader holds a value whole, and a file of some kB may unpack to gigabytes.

namespace DataFreeKD.Manifests.Lists;

/// <summary>A stream of JSON values, each at most so long and of four million parts; reading further without a value throws.</summary>
/// <param name="inner">The JSON; disposed with this.</param>
/// <param name="most">Bytes that may be read from one value's end to the next's.</param>
/// <param name="refusal">What is said beyond them.</param>
internal sealed class BoundedValues(Stream inner, long most, string refusal) : ForwardStream
{
    // Parsed, a number of one digit takes twenty times its length.
    private const long MostParts = 4_000_000;

    private long sinceValue,
        parts;

    /// <summary>A value has ended.</summary>
    public void Ended() => (sinceValue, parts) = (0, 0);

    public override int Read(Span<byte> buffer)
    {
        int read = inner.Read(buffer);
        sinceValue += read;
        // Those within texts count too, which makes no difference to lists that people have.
        parts += buffer[..read].Count((byte)',');
        return sinceValue <= most && parts <= MostParts ? read : throw new TableException(refusal);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}

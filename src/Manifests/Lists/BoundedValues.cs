// A limit to one value of a stream of JSON: the reader holds a value whole, and a file of some kB may unpack to gigabytes.

namespace DataFreeKD.Manifests.Lists;

/// <summary>A stream of JSON values, each at most so long; reading further without a value throws.</summary>
/// <param name="inner">The JSON; disposed with this.</param>
/// <param name="most">Bytes that may be read from one value's end to the next's.</param>
/// <param name="refusal">What is said beyond them.</param>
internal sealed class BoundedValues(Stream inner, long most, string refusal) : ForwardStream
{
    private long sinceValue;

    /// <summary>A value has ended.</summary>
    public void Ended() => sinceValue = 0;

    public override int Read(Span<byte> buffer)
    {
        int read = inner.Read(buffer);
        sinceValue += read;
        return sinceValue <= most ? read : throw new TableException(refusal);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}

// Bytes within a pickle: a part of it, decoded where they are wanted.

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Bytes, or a long text, of a pickle. A part of the pickle itself, so that nothing is copied by naming it again.</summary>
/// <param name="part">As it stands in the pickle.</param>
/// <param name="latin">Whether each byte stands there as a character of a UTF-8 text: protocol 2 has no bytes of its own.</param>
internal sealed class PickleBytes(ReadOnlyMemory<byte> part, bool latin)
{
    private int? count;
    private PickleBytes? characters;

    /// <summary>The part itself.</summary>
    public ReadOnlyMemory<byte> Part => part;

    /// <summary>Number of bytes.</summary>
    public int Count => count ??= latin ? Characters(part.Span) : part.Length;

    /// <summary>These bytes, each a character of a text.</summary>
    /// <remarks>One view, so that they are counted once however often they are named.</remarks>
    public PickleBytes AsLatin() => latin ? this : characters ??= new(part, latin: true);

    /// <summary>Copies the first bytes.</summary>
    /// <returns>Whether there were as many, and each was a byte.</returns>
    public bool TryCopyTo(Span<byte> target)
    {
        ReadOnlySpan<byte> from = part.Span;
        if (!latin)
            return target.Length <= from.Length && from[..target.Length].TryCopyTo(target);
        int at = 0;
        for (int i = 0; i < target.Length; i++)
        {
            if (at >= from.Length)
                return false;
            byte first = from[at++];
            if (first < 0x80)
            {
                target[i] = first;
                continue;
            }
            // Two bytes hold the characters 0x80 to 0xff, and no longer ones do.
            if (first is not (0xc2 or 0xc3) || at >= from.Length || (from[at] & 0xc0) != 0x80)
                return false;
            target[i] = (byte)((first << 6) | (from[at++] & 0x3f));
        }
        return true;
    }

    private static int Characters(ReadOnlySpan<byte> text)
    {
        int characters = 0;
        foreach (byte unit in text)
            characters += (unit & 0xc0) != 0x80 ? 1 : 0;
        return characters;
    }
}

// GIF's LZW: variable code width, least significant bit first, in blocks of up to 255 bytes.

namespace DataFreeKD.Imaging.Formats;

/// <summary>Decompresses one frame's indices.</summary>
internal static class GifLzw
{
    private const int MaxCodes = 4096;

    /// <summary>Fills <paramref name="output"/>; null, or why it could not be filled. Data that say that they end early leave
    /// zeros.</summary>
    public static string? Decode(ReadOnlySpan<byte> data, Span<byte> output)
    {
        if (data.IsEmpty)
            return Reason.Truncated;
        int minimum = data[0];
        if (minimum is < 1 or > 11)
            return Reason.DecodeError;
        int clear = 1 << minimum,
            end = clear + 1,
            next = end + 1,
            width = minimum + 1,
            previous = -1,
            length = 0;
        Span<ushort> prefix = stackalloc ushort[MaxCodes];
        Span<byte> suffix = stackalloc byte[MaxCodes];
        Span<byte> first = stackalloc byte[MaxCodes];
        Span<ushort> depth = stackalloc ushort[MaxCodes];
        for (int i = 0; i < clear; i++)
            (suffix[i], first[i], depth[i]) = ((byte)i, (byte)i, 1);

        int at = 1,
            block = 0,
            bits = 0;
        uint pending = 0;
        while (length < output.Length)
        {
            while (bits < width)
            {
                if (block == 0)
                {
                    if (at >= data.Length || data[at] == 0)
                        return Reason.Truncated;
                    block = data[at++];
                    // Also where what is missing is not needed: a block is cut, and so is the file.
                    if (at + block > data.Length)
                        return Reason.Truncated;
                }
                pending |= (uint)data[at++] << bits;
                bits += 8;
                block--;
            }
            int code = (int)(pending & ((1u << width) - 1));
            pending >>= width;
            bits -= width;
            if (code == clear)
            {
                (next, width, previous) = (end + 1, minimum + 1, -1);
                continue;
            }
            if (code == end)
            {
                output[length..].Clear();
                return null;
            }
            if (code > next || code == next && previous < 0 || code >= MaxCodes)
                return Reason.DecodeError;
            bool isNew = code == next;
            int source = isNew ? previous : code;
            if (source > end && source >= next)
                return Reason.DecodeError;

            // The string is written backwards from its end; what does not fit is dropped.
            int count = depth[source] + (isNew ? 1 : 0);
            int last = length + count - 1;
            if (isNew && last < output.Length)
                output[last] = first[source];
            for (int c = source, to = length + depth[source] - 1; to >= length; to--, c = prefix[c])
            {
                if (to < output.Length)
                    output[to] = suffix[c];
            }
            length += count;
            if (previous >= 0 && next < MaxCodes)
            {
                (prefix[next], suffix[next], first[next], depth[next]) = (
                    (ushort)previous,
                    first[source],
                    first[previous],
                    (ushort)(depth[previous] + 1)
                );
                next++;
                if (next == 1 << width && width < 12)
                    width++;
            }
            previous = code;
        }
        return null;
    }
}

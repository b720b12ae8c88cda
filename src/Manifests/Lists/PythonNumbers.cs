// JSON as Python writes it: NaN and Infinity, which the format does not have.

namespace DataFreeKD.Manifests.Lists;

/// <summary>A stream of JSON in which <c>NaN</c> reads as <c>null</c>, <c>Infinity</c> and <c>-Infinity</c> as text; all else, and what
/// stands in quotes, is as it was.</summary>
internal sealed class PythonNumbers(Stream inner) : ForwardStream
{
    private const int Block = 16 << 10;

    private readonly byte[] input = new byte[Block];
    private readonly MemoryStream output = new();
    private int waiting;
    private bool inText,
        ended;

    public override int Read(Span<byte> buffer)
    {
        while (output.Position == output.Length && !ended)
            Refill();
        return output.Read(buffer);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    private void Refill()
    {
        int read = inner.Read(input, waiting, Block - waiting);
        ended = read == 0;
        ReadOnlySpan<byte> rest = input.AsSpan(0, waiting + read);
        output.SetLength(0);
        while (!rest.IsEmpty)
        {
            int stop = inText ? rest.IndexOfAny((byte)'"', (byte)'\\') : rest.IndexOfAny("\"NI-"u8);
            if (stop < 0)
            {
                output.Write(rest);
                rest = [];
                break;
            }
            output.Write(rest[..stop]);
            rest = rest[stop..];
            if (Token(rest) is not { } taken)
                break;
            output.Write(taken.Text.Length == 0 ? rest[..taken.Length] : System.Text.Encoding.ASCII.GetBytes(taken.Text));
            rest = rest[taken.Length..];
        }
        // What may go on in the next block waits for it.
        waiting = rest.Length;
        rest.CopyTo(input);
        output.Position = 0;
    }

    // What begins here: its length, and what is read for it where that is something else; null where more must be seen first.
    private Taken? Token(ReadOnlySpan<byte> rest)
    {
        if (rest[0] == '\\')
            return rest.Length > 1 || ended ? new Taken(Math.Min(2, rest.Length)) : null;
        if (rest[0] == '"')
        {
            inText = !inText;
            return new Taken(1);
        }
        foreach ((string name, string text) in Names)
        {
            int same = 0;
            while (same < Math.Min(name.Length, rest.Length) && rest[same] == name[same])
                same++;
            if (same == name.Length)
                return new Taken(same, text);
            if (same == rest.Length && !ended)
                return null;
        }
        return new Taken(1);
    }

    private static readonly (string Name, string Text)[] Names =
    [
        ("NaN", "null"),
        ("Infinity", "\"Infinity\""),
        ("-Infinity", "\"-Infinity\""),
    ];

    private sealed record Taken(int Length, string Text = "");
}

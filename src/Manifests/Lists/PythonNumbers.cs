// JSON as Python writes it: NaN and Infinity, which the format does not have.

namespace DataFreeKD.Manifests.Lists;

/// <summary>A stream of JSON in which <c>NaN</c> reads as <c>null</c>, <c>Infinity</c> and <c>-Infinity</c> as text; all else, and what
/// stands in quotes, is as it was.</summary>
/// <param name="inner">The JSON; disposed with this.</param>
/// <param name="ofLines">Whether each line stands by itself: then no comment goes on in the next.</param>
internal sealed class PythonNumbers(Stream inner, bool ofLines = false) : ForwardStream
{
    private const int Block = 16 << 10;

    private readonly byte[] input = new byte[Block];
    private readonly MemoryStream output = new();
    private int waiting;
    private bool inText,
        ended;

    // What ends the comment that this is in: a line's end, or a star and a slash.
    private Comment comment;

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
            int stop = rest.IndexOfAny(
                comment == Comment.Line ? "\n\r"u8
                : comment == Comment.Block ? "*\n\r"u8
                : inText ? "\"\\\n\r"u8
                : "\"NI-/"u8
            );
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
        if (rest[0] is (byte)'\n' or (byte)'\r')
        {
            // No text of JSON goes on in the next line: a quote that was not closed ends with its line.
            inText = false;
            if (comment == Comment.Line || ofLines)
                comment = Comment.None;
            return new Taken(1);
        }
        if (rest[0] is (byte)'\\' or (byte)'/' or (byte)'*' && rest.Length == 1 && !ended)
            return null;
        byte next = rest.Length > 1 ? rest[1] : (byte)0;
        if (rest[0] == '\\')
            return new Taken(next is 0 or (byte)'\n' or (byte)'\r' ? 1 : 2);
        if (comment == Comment.Block)
        {
            if (next != '/')
                return new Taken(1);
            comment = Comment.None;
            return new Taken(2);
        }
        if (rest[0] == '/')
        {
            comment =
                next == '/' ? Comment.Line
                : next == '*' ? Comment.Block
                : Comment.None;
            return new Taken(comment == Comment.None ? 1 : 2);
        }
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

    private enum Comment
    {
        None,
        Line,
        Block,
    }

    private sealed record Taken(int Length, string Text = "");
}

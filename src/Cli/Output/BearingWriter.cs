// A stream for text that may be closed or full.

using System.Text;

namespace DataFreeKD.Cli.Output;

/// <summary>Writes to another writer, a line at once; where that fails, notes are dropped and results are an error that says so.</summary>
/// <param name="inner">Where the text goes.</param>
/// <param name="results">Whether what is written is what the user asked for.</param>
/// <param name="closed">Whether nothing can be written at all.</param>
internal sealed class BearingWriter(TextWriter inner, bool results, bool closed)
    : TextWriter(System.Globalization.CultureInfo.InvariantCulture)
{
    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => Try(() => inner.Write(value));

    public override void Write(string? value) => Try(() => inner.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

    public override void Write(ReadOnlySpan<char> buffer) => Write(buffer.ToString());

    public override void WriteLine() => Write(NewLine);

    public override void WriteLine(string? value) => Write(value + NewLine);

    public override void Flush() => Try(inner.Flush);

    private void Try(Action write)
    {
        if (closed && results)
            throw Lost("it is closed", null);
        try
        {
            write();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            if (results)
                throw Lost(error is IOException ? error.Message.TrimEnd('.') : "it is closed", error);
        }
    }

    private static IOException Lost(string why, Exception? error) =>
        new($"standard output cannot be written: {why}; send the result to a file or a program that takes it", error);
}

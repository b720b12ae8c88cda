// What reading a table had to guess or leave out: it is used, and said.

namespace DataFreeKD.Manifests;

/// <summary>Tells whoever listens what was guessed about a table, such as its encoding. Each note comes once in a process.</summary>
internal static class TableNotes
{
    private static readonly HashSet<string> Told = new(StringComparer.Ordinal);
    private static readonly Lock Gate = new();

    /// <summary>Hears one line a note, on the thread that reads the table.</summary>
    public static event Action<string>? Noted;

    /// <summary>Tells a note, unless it was told before.</summary>
    public static void Tell(string note)
    {
        Action<string>? hear = Noted;
        lock (Gate)
        {
            if (!Told.Add(note))
                return;
        }
        hear?.Invoke(note);
    }
}

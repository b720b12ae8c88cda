// Named things that a program may add its own to.

namespace DataFreeKD.Core;

/// <summary>The toolkit's own entries, then those that were registered, in order. Thread-safe.</summary>
/// <param name="kind">What an entry is, in one word, for messages.</param>
/// <param name="nameOf">An entry's name.</param>
/// <param name="own">The toolkit's entries.</param>
internal sealed class Catalogue<T>(string kind, Func<T, string> nameOf, params T[] own)
{
    private readonly Lock gate = new();
    private volatile T[] all = own;

    /// <summary>Every entry.</summary>
    public IReadOnlyList<T> All => all;

    /// <summary>Adds an entry for the rest of the process.</summary>
    /// <exception cref="ArgumentException">The name is empty, has characters that a recipe or a column cannot have, or is
    /// taken.</exception>
    public void Register(T entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        string name = nameOf(entry);
        if (name.Length == 0 || name.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '_' or '.')))
            throw new ArgumentException(
                $"the {kind} '{name}' cannot be registered: a name has letters, digits, '-', '_' and '.'",
                nameof(entry)
            );
        lock (gate)
        {
            if (all.Any(known => nameOf(known) == name))
                throw new ArgumentException($"there is a {kind} '{name}' already; give yours another name", nameof(entry));
            all = [.. all, entry];
        }
    }
}

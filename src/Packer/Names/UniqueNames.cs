// Names that do not collide, on file systems that tell letters' cases apart and on those that do not.

using System.Globalization;

namespace DataFreeKD.Packer.Names;

/// <summary>Hands out names: the one asked for where it is free, else with <c>-2</c>, <c>-3</c>, ... Equal requests in equal order give
/// equal names.</summary>
internal sealed class UniqueNames
{
    private readonly HashSet<string> taken = new(StringComparer.OrdinalIgnoreCase);

    // Where the search goes on for a name asked for often; without it a thousand copies of one name cost a million look-ups.
    private readonly Dictionary<string, int> last = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>A free name in a folder.</summary>
    /// <param name="folder">The folder; empty for the root.</param>
    /// <param name="stem">The name without its ending.</param>
    /// <param name="ending">With its dot; may be empty.</param>
    public string Take(string folder, string stem, string ending)
    {
        string wanted = $"{folder}/{stem}{ending}";
        if (taken.Add(wanted))
            return stem + ending;
        int number = last.GetValueOrDefault(wanted, 1);
        string name;
        do name = $"{stem}-{(++number).ToString(CultureInfo.InvariantCulture)}{ending}";
        while (!taken.Add($"{folder}/{name}"));
        last[wanted] = number;
        return name;
    }
}

// One entry of a list.

namespace DataFreeKD.Manifests.Lists;

/// <summary>One entry of a list of another tool: named fields, a single text, or what could not be read.</summary>
/// <param name="Line">The entry as the list has it.</param>
/// <param name="Names">Names of the fields; null where it is a single text, or broken.</param>
/// <param name="Values">The fields, or the single text; null where it is broken.</param>
internal sealed record ListEntry(string Line, IReadOnlyList<string>? Names, IReadOnlyList<string?>? Values)
{
    /// <summary>Whether it could not be read.</summary>
    public bool IsBroken => Values is null;

    internal static ListEntry Plain(string text) => new(text, null, [text]);

    internal static ListEntry Broken(string line) => new(line, null, null);
}

// Members of one name in one archive: whoever reads by name gets the first of them each time.

using DataFreeKD.Manifests;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Says once of an archive that a name occurs in it twice. Eight bytes a member are kept: a hash that two names share costs a note
/// that is not needed.</summary>
/// <param name="archive">The archive's path.</param>
internal sealed class RepeatedNames(string archive)
{
    private readonly HashSet<ulong> seen = [];
    private bool said;

    /// <summary>Takes note of a member.</summary>
    /// <param name="path">Its path.</param>
    public void See(string path)
    {
        if (said || seen.Add(HashOf(path)))
            return;
        said = true;
        TableNotes.Tell(
            $"{archive}: several members are called {path[(archive.Length + 2)..]}, and more may be: a stage that reads by name gets the first one; crawl the archive into a store, which keeps all"
        );
    }

    // FNV-1a of 64 bits.
    private static ulong HashOf(string text)
    {
        ulong hash = 14695981039346656037;
        foreach (char letter in text)
            hash = (hash ^ letter) * 1099511628211;
        return hash;
    }
}

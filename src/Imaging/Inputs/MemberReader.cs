// Random access to the members of an archive.

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Reads members by name; where a name occurs twice, its first occurrence.</summary>
internal abstract class MemberReader : IDisposable
{
    /// <summary>Opens an archive. <paramref name="wanted"/> is how often each member will be asked for: a stream keeps what comes by before
    /// its turn, and nothing else.</summary>
    public static MemberReader Open(InputFile file, ArchiveKind kind, Dictionary<string, int> wanted, long maxBytes) =>
        kind switch
        {
            ArchiveKind.Zip => new ZipMembers(file, maxBytes),
            ArchiveKind.Parquet => new RowMembers(file.Path, maxBytes),
            ArchiveKind.Tar => new TarMembers(file, maxBytes),
            _ => new StreamedMembers(file, wanted, maxBytes),
        };

    /// <summary>True when nothing more will be asked for, so that the reader can be closed.</summary>
    public virtual bool IsDone => false;

    /// <summary>Whether to close it and open it again later would read everything once more.</summary>
    public virtual bool IsStream => false;

    /// <summary>The member's content.</summary>
    public abstract Content Read(string member);

    /// <inheritdoc/>
    public abstract void Dispose();

    private sealed class ZipMembers : MemberReader
    {
        private readonly ZipWalk zip;
        private readonly Dictionary<string, ZipMember> members = new(StringComparer.Ordinal);
        private readonly long maxBytes;

        public ZipMembers(InputFile file, long maxBytes)
        {
            this.maxBytes = maxBytes;
            zip = new ZipWalk(file);
            foreach (ZipMember member in zip.Members)
                members.TryAdd(member.Name, member);
        }

        public override Content Read(string member) =>
            members.TryGetValue(member, out ZipMember? found)
                ? ZipWalk.Read(found, maxBytes)
                : new Content(null, zip.Failure ?? Reason.NotFound);

        public override void Dispose() => zip.Dispose();
    }

    private sealed class RowMembers(string path, long maxBytes) : MemberReader
    {
        private readonly ParquetMembers rows = new(path);

        public override Content Read(string member) => rows.Read(member, maxBytes);

        public override void Dispose() => rows.Dispose();
    }

    private sealed class TarMembers : MemberReader
    {
        private readonly InputFile file;
        private readonly TarIndex index;
        private readonly long maxBytes;

        public TarMembers(InputFile file, long maxBytes)
        {
            (this.file, this.maxBytes) = (file, maxBytes);
            index = file.IsObject ? ObjectIndexes.Of(file) : new TarIndex(file);
        }

        public override Content Read(string member) =>
            index.Find(member, file.Cancel) is { } place
                ? index.Read(place, maxBytes, file.Cancel)
                : new Content(null, index.Failure ?? Reason.NotFound);

        public override void Dispose()
        {
            // Whoever opens an object next goes on with its index.
            if (file.IsObject)
                index.Rest();
            else
                index.Dispose();
        }
    }

    private sealed class StreamedMembers(InputFile file, Dictionary<string, int> wanted, long maxBytes) : MemberReader
    {
        private readonly TarWalk walk = new(file, compressed: true);
        private readonly Dictionary<string, Content> early = new(StringComparer.Ordinal);
        private readonly HashSet<string> passed = new(StringComparer.Ordinal);
        private int outstanding = wanted.Values.Sum();

        public override bool IsDone => outstanding <= 0;

        public override bool IsStream => true;

        public override Content Read(string member)
        {
            outstanding--;
            int left = --System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(wanted, member, out _);
            if (early.TryGetValue(member, out Content kept))
            {
                if (left <= 0)
                    early.Remove(member);
                return kept;
            }
            while (walk.Next())
            {
                if (!wanted.TryGetValue(walk.Name, out int due) || !passed.Add(walk.Name))
                    continue;
                bool now = walk.Name == member;
                if (due <= 0 && !now)
                    continue;
                Content content = walk.Read(maxBytes);
                if (!now || due > 0)
                    early[walk.Name] = content;
                if (now)
                    return content;
            }
            return new Content(null, walk.Failure ?? Reason.NotFound);
        }

        public override void Dispose() => walk.Dispose();
    }
}

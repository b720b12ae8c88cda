// webdataset's samples: members that follow one another under one key, of which some tell of the others.

using System.Text;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Gives every member of an archive that is looked at as an image, with what lies beside it.</summary>
internal static class MemberSamples
{
    /// <summary>A sample is small; names that share their first part without being one must not be gathered without end.</summary>
    private const int MostMembers = 32;

    private const long MostHeld = 64L << 20;

    /// <summary>Bytes of a sidecar, at most.</summary>
    public const long LargestSidecar = 1 << 20;

    private readonly record struct Member(string Name, Content Content)
    {
        /// <summary>Whether it tells of a member: the other's name goes on where this one's ending begins.</summary>
        public bool TellsOf(Member other)
        {
            int stem = Name.LastIndexOf('.');
            return IsSidecar
                && !other.IsSidecar
                && other.Name.Length > stem
                && other.Name[stem] == '.'
                && other.Name.AsSpan(0, stem).SequenceEqual(Name.AsSpan(0, stem));
        }

        private bool IsSidecar =>
            InputNames.IsSidecar(Name) && (Content.Bytes is { LongLength: <= LargestSidecar } || Content.Reason == Reason.Empty);
    }

    /// <summary>Streams the inputs of an archive, in its order.</summary>
    public static IEnumerable<ImageInput> Of(MemberWalk walk, string archive, long maxBytes)
    {
        List<Member> sample = new();
        long held = 0;
        while (walk.Next())
        {
            if (
                sample.Count > 0
                && (
                    sample.Count == MostMembers
                    || held > MostHeld
                    || !InputNames.KeyOf(walk.Name).SequenceEqual(InputNames.KeyOf(sample[0].Name))
                )
            )
            {
                foreach (ImageInput input in Inputs(sample, archive))
                    yield return input;
                sample.Clear();
                held = 0;
            }
            Content content = walk.Read(maxBytes);
            if (content.Bytes is { } bytes && ArchiveSniffer.Of(bytes) is not null)
                content = new Content(null, Reason.NestedArchive);
            sample.Add(new Member(walk.Name, content));
            held += content.Bytes?.LongLength ?? 0;
        }
        foreach (ImageInput input in Inputs(sample, archive))
            yield return input;
    }

    private static IEnumerable<ImageInput> Inputs(List<Member> sample, string archive)
    {
        foreach (Member member in sample)
        {
            if (sample.Exists(member.TellsOf))
                continue;
            Dictionary<string, string> beside = new(StringComparer.Ordinal);
            foreach (Member other in sample)
            {
                if (other.TellsOf(member))
                    beside.TryAdd(
                        Path.GetExtension(other.Name)[1..].ToLowerInvariant(),
                        Encoding.UTF8.GetString(other.Content.Bytes ?? [])
                    );
            }
            yield return new ImageInput(InputNames.Join(archive, member.Name), member.Content.Bytes, member.Content.Reason)
            {
                Beside = beside,
            };
        }
    }
}

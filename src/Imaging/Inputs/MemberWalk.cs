// The members of an archive, one after another.

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Walks an archive and never throws for what is in it: damage ends the walk and is told by <see cref="Failure"/>.</summary>
internal abstract class MemberWalk : IDisposable
{
    /// <summary>The member's name, without a leading <c>./</c>.</summary>
    public string Name { get; protected set; } = "";

    /// <summary>Why the member must not be read; null when it may.</summary>
    public string? Refusal { get; protected set; }

    /// <summary>Why the walk ended early; null at the archive's proper end.</summary>
    public string? Failure { get; protected set; }

    /// <summary>Goes to the next member that is no folder; false at the end.</summary>
    public abstract bool Next();

    /// <summary>The current member's content.</summary>
    public abstract Content Read(long maxBytes);

    /// <summary>The current member's first bytes, at most <paramref name="length"/>; instead of <see cref="Read"/>.</summary>
    public abstract byte[] Start(int length);

    /// <summary>Opens an archive.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    /// <exception cref="Storage.StorageException">The service that holds it cannot be asked.</exception>
    public static MemberWalk Open(InputFile file, ArchiveKind kind) =>
        kind switch
        {
            ArchiveKind.Zip => new ZipWalk(file),
            ArchiveKind.Parquet => new ParquetWalk(file.Path),
            _ => new TarWalk(file, kind == ArchiveKind.TarGz),
        };

    /// <inheritdoc/>
    public abstract void Dispose();
}

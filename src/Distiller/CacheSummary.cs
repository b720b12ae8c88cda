// What a finished cache holds.

namespace DataFreeKD.Distiller;

/// <summary>What a finished cache holds.</summary>
internal sealed record CacheSummary
{
    /// <summary>File written.</summary>
    public required string Output { get; init; }

    /// <summary>Augmented images, each with the teacher's answer.</summary>
    public required long Records { get; init; }

    /// <summary>Records that an interrupted run had left; 0 for a fresh start.</summary>
    public required long ResumedFrom { get; init; }

    /// <summary>Training images.</summary>
    public required int Images { get; init; }

    /// <summary>Held-out images, whose decisions are stored too.</summary>
    public required int HeldOutImages { get; init; }

    /// <summary>Passes over the training images.</summary>
    public required double Epochs { get; init; }

    /// <summary>Images that could not be used, by reason.</summary>
    public required IReadOnlyDictionary<string, long> Skipped { get; init; }

    /// <summary>Classes, C.</summary>
    public required int Classes { get; init; }

    /// <summary>Probabilities kept an image, K.</summary>
    public required int TopK { get; init; }

    /// <summary>Bytes of a record.</summary>
    public required int BytesPerImage { get; init; }

    /// <summary>Bytes of the file.</summary>
    public required long Bytes { get; init; }

    /// <summary>Wall seconds of this process, decoding included.</summary>
    public required double Seconds { get; init; }
}

// What a finished run gave.

namespace DataFreeKD.Distiller;

/// <summary>What a finished run gave.</summary>
public abstract record RunSummary
{
    /// <summary>Model directory written.</summary>
    public required string Output { get; init; }

    /// <summary>Optimiser steps done in all.</summary>
    public required int Steps { get; init; }

    /// <summary>Whether training stopped before its last step, since the held-out score no longer rose.</summary>
    public required bool StoppedEarly { get; init; }

    /// <summary>The step whose weights were written; 0 for those that training began with.</summary>
    public required int KeptStep { get; init; }

    /// <summary>Step that this process went on from; 0 for a fresh start.</summary>
    public required int ResumedFrom { get; init; }

    /// <summary>Images trained on.</summary>
    public required int Images { get; init; }

    /// <summary>Images held out.</summary>
    public required int HeldOutImages { get; init; }

    /// <summary>Images that could not be used, by reason.</summary>
    public required IReadOnlyDictionary<string, long> Skipped { get; init; }

    /// <summary>Mean total loss of the last metrics row.</summary>
    public required double FinalLoss { get; init; }

    /// <summary>Held-out top-1, 0–1: agreement with the teacher in distillation, accuracy in supervised training; null where nothing was
    /// held out.</summary>
    public required double? HeldOut { get; init; }

    /// <summary>Parameters of the student.</summary>
    public required long Parameters { get; init; }

    /// <summary>Wall seconds of this process, decoding included.</summary>
    public required double Seconds { get; init; }

    /// <summary>Training images a second of this process, decoding excluded.</summary>
    public required double ImagesPerSecond { get; init; }

    /// <summary>Where the time of this process's steps went.</summary>
    internal IReadOnlyList<StageTime> Stages { get; init; } = [];
}

/// <summary>What a distillation gave.</summary>
public sealed record DistillSummary : RunSummary
{
    /// <summary>What the student began as, in words.</summary>
    public required string Start { get; init; }

    /// <summary>What a cached teacher could not answer as the recipe asked, a line each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Parameters of the teacher, of several in all.</summary>
    public required long TeacherParameters { get; init; }
}

/// <summary>What a supervised training gave.</summary>
internal sealed record TrainSummary : RunSummary
{
    /// <summary>Class names, by index.</summary>
    public required IReadOnlyList<string> ClassNames { get; init; }
}

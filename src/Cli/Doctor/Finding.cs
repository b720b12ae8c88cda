// One line of dfkd doctor.

namespace DataFreeKD.Cli.Doctor;

/// <summary>What the machine has.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="Value">What was found.</param>
/// <param name="Advice">What it means for a user, with the flag or the package that would help; null where there is nothing to do.</param>
internal sealed record Finding(string Name, string Value, string? Advice = null);

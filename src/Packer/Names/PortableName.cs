// A name out of text that anybody may have written, which every file system takes and no path can hide in.

using System.Globalization;
using System.Text;

namespace DataFreeKD.Packer.Names;

/// <summary>Makes names of files and folders.</summary>
internal static class PortableName
{
    // File systems end at 255 bytes; what a number against collisions and an ending add has room beside this.
    private const int MaxBytes = 120;

    private static readonly HashSet<string> Devices = new(StringComparer.OrdinalIgnoreCase)
    {
        "CON",
        "PRN",
        "AUX",
        "NUL",
        "CLOCK$",
        "CONIN$",
        "CONOUT$",
        "COM0",
        "COM1",
        "COM2",
        "COM3",
        "COM4",
        "COM5",
        "COM6",
        "COM7",
        "COM8",
        "COM9",
        "COM¹",
        "COM²",
        "COM³",
        "LPT0",
        "LPT1",
        "LPT2",
        "LPT3",
        "LPT4",
        "LPT5",
        "LPT6",
        "LPT7",
        "LPT8",
        "LPT9",
        "LPT¹",
        "LPT²",
        "LPT³",
    };

    /// <summary>
    /// Letters, digits and marks of any script, <c>-</c>, <c>_</c> and <c>.</c> stay, everything else becomes <c>_</c>. No name begins
    /// with a dot, a hyphen or an underscore (hidden files, options of commands, folders that loaders pass over), ends with a dot, or is a
    /// device of Windows.
    /// </summary>
    /// <param name="text">Any text.</param>
    /// <param name="otherwise">The name where nothing of the text is left.</param>
    public static string Of(string text, string otherwise)
    {
        StringBuilder name = new();
        int bytes = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            Rune kept = Stays(rune) ? rune : new Rune('_');
            if (name.Length == 0 && kept.Value is ('.' or '-' or '_'))
                continue;
            if (bytes + kept.Utf8SequenceLength > MaxBytes)
                break;
            bytes += kept.Utf8SequenceLength;
            name.Append(kept);
        }
        string trimmed = name.ToString().TrimEnd('.');
        if (trimmed.Length == 0)
            return otherwise;
        // A device keeps its meaning with any ending: CON.txt is the console too.
        int dot = trimmed.IndexOf('.', StringComparison.Ordinal);
        string device = dot < 0 ? trimmed : trimmed[..dot];
        return Devices.Contains(device) ? device + "_" + trimmed[device.Length..] : trimmed;
    }

    private static bool Stays(Rune rune) =>
        rune.Value is '-' or '_' or '.'
        || Rune.IsLetterOrDigit(rune)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
}

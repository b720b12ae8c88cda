// Which file or folder an input's text leads to.

using DataFreeKD.Crawler.Sources;
using DataFreeKD.Toolkit.Synthesis;

namespace DataFreeKD.Cli.Pipeline;

/// <summary>Paths, globs, addresses, and addresses that hold a path (<c>synth://TEACHER?...</c>).</summary>
internal static class SourceText
{
    private const string Mark = "://";

    /// <summary>The text with its path, if it has one, taken from <paramref name="folder"/>.</summary>
    public static string Absolute(string text, string folder)
    {
        if (!Holds(text))
            return text.Contains(Mark, StringComparison.Ordinal) ? text : Path.GetFullPath(text, folder);
        (int start, int end) = Inside(text);
        return string.Concat(text.AsSpan(0, start), Path.GetFullPath(text[start..end], folder), text.AsSpan(end));
    }

    /// <summary>The path that an absolute text leads to; null for an address of the web.</summary>
    public static string? PathOf(string text)
    {
        if (!Holds(text))
            return text.Contains(Mark, StringComparison.Ordinal) ? null : text;
        (int start, int end) = Inside(text);
        return text[start..end];
    }

    /// <summary>Whether there is something; of a glob, whether its folder is there.</summary>
    public static bool IsThere(string path) =>
        File.Exists(path) || Directory.Exists(path) || (IsGlob(path) && Directory.Exists(Fixed(path)));

    /// <summary>Of <c>MODEL#KEY</c> the model, where that is what is there; else the text.</summary>
    public static string WithoutWeightsKey(string path) =>
        !IsThere(path) && path.LastIndexOf('#') is > 0 and int mark && IsThere(path[..mark]) ? path[..mark] : path;

    /// <summary>The folder of a glob, up to its first wildcard.</summary>
    public static string Fixed(string glob) => Path.GetDirectoryName(glob[..glob.IndexOfAny(['*', '?', '['])] + "x") ?? glob;

    /// <summary>Whether a path has wildcards.</summary>
    public static bool IsGlob(string path) => path.AsSpan().IndexOfAny('*', '?', '[') >= 0;

    private static bool Holds(string text) => SynthesisSource.Fits(text) || CorruptSource.Fits(text);

    private static (int Start, int End) Inside(string text)
    {
        int start = text.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length,
            question = text.IndexOf('?', start);
        return (start, question < 0 ? text.Length : question);
    }
}

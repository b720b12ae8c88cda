// The same inputs by their places: listed without being read, and read from a place on without what comes before.

namespace DataFreeKD.Imaging.Inputs;

/// <content>Places.</content>
internal static partial class ImageInputs
{
    /// <summary>What <see cref="Enumerate"/> gives, in its order, without the contents: plain files are listed and not opened, archives are
    /// walked.</summary>
    /// <param name="source">As for <see cref="Enumerate"/>.</param>
    /// <param name="archives">Is given the number of inputs of every archive, by its path.</param>
    /// <param name="options">As for <see cref="Enumerate"/>.</param>
    /// <param name="cancel">Stops.</param>
    /// <returns>The inputs without contents.</returns>
    /// <exception cref="FileNotFoundException">Nothing is there; the message says what was looked for.</exception>
    public static IEnumerable<ImageInput> Places(
        string source,
        IDictionary<string, long> archives,
        InputOptions? options = null,
        CancellationToken cancel = default
    )
    {
        ArgumentNullException.ThrowIfNull(archives);
        (IEnumerable<FoundFile> files, bool opens, options) = Opened(source, options, cancel);
        foreach (FoundFile file in files)
        {
            cancel.ThrowIfCancellationRequested();
            InputFile opened = new(file.Path, file.Stored, cancel);
            // An object is asked for once, when it is walked.
            bool walks =
                file.Reason is null
                && opens
                && (opened.IsObject ? InputNames.KindOf(file.Path) : KindOf(opened, options.FollowLinks)) is not null;
            if (!walks)
            {
                yield return new ImageInput(file.Path, null, null) { Mark = opened.Mark };
                continue;
            }
            long members = 0;
            foreach (ImageInput member in Walk([file], opens, options, cancel))
            {
                members++;
                yield return new ImageInput(member.Path, null, null) { Mark = member.Mark };
            }
            archives[file.Path] = members;
        }
    }

    /// <summary>What <see cref="Enumerate"/> gives from a place on. Files before it are not opened, nor archives that lie wholly before
    /// it.</summary>
    /// <param name="source">As for <see cref="Enumerate"/>.</param>
    /// <param name="first">The place of the first input that is given, from 0.</param>
    /// <param name="archives">Inputs of every archive of this source, by its path, as <see cref="Places"/> gives them.</param>
    /// <param name="options">As for <see cref="Enumerate"/>.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="FileNotFoundException">Nothing is there; the message says what was looked for.</exception>
    public static IEnumerable<ImageInput> EnumerateFrom(
        string source,
        long first,
        IReadOnlyDictionary<string, long> archives,
        InputOptions? options = null,
        CancellationToken cancel = default
    )
    {
        ArgumentNullException.ThrowIfNull(archives);
        (IEnumerable<FoundFile> files, bool opens, options) = Opened(source, options, cancel);
        foreach (FoundFile file in files)
        {
            cancel.ThrowIfCancellationRequested();
            long inputs = archives.GetValueOrDefault(file.Path, 1);
            if (first >= inputs)
            {
                first -= inputs;
                continue;
            }
            foreach (ImageInput input in Walk([file], opens, options, cancel))
            {
                if (first > 0)
                    first--;
                else
                    yield return input;
            }
        }
    }
}

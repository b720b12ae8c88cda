// Where the body of an answer goes if it is an archive: to a file, never to memory, and on from where an earlier attempt broke off.

using System.Net;
using DataFreeKD.Imaging.Inputs;

namespace DataFreeKD.Crawler.Fetching;

/// <summary>A fetched archive.</summary>
/// <param name="Path">Its file, with the ending of its kind.</param>
/// <param name="Length">Its length, bytes.</param>
internal sealed record ArchiveFile(string Path, long Length);

/// <summary>Takes the archives of one target; what is none is left to the caller.</summary>
/// <param name="path">The file, without an ending; its folder exists.</param>
/// <param name="named">Whether the address is named as an archive is, so that its codings are its own.</param>
/// <param name="maxBytes">Cap on the file.</param>
/// <param name="timeout">The longest that no byte may come.</param>
internal sealed class ArchiveSink(string path, bool named, long maxBytes, TimeSpan timeout)
{
    private const int Buffer = 128 << 10;

    private static readonly string[] Endings = [".tar", ".tar.gz", ".zip"];

    private string Part => path + ".part";

    // The server's word for the version that the part is of.
    private string Version => path + ".version";

    /// <summary>Asks for what is missing where an earlier attempt left a part that can be told to be of the same file.</summary>
    public void Prepare(HttpRequestMessage request)
    {
        if (named)
        {
            request.Headers.Remove("Accept-Encoding");
            request.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        }
        // A whole file whose members have no rows yet: one question shows that it is whole.
        foreach (string ending in Endings.Where(ending => File.Exists(path + ending)))
            File.Move(path + ending, Part, overwrite: true);
        if (PartLength() is not (> 0 and { } length) || !File.Exists(Version))
            return;
        request.Headers.Remove("Accept-Encoding");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        request.Headers.TryAddWithoutValidation("Range", FormattableString.Invariant($"bytes={length}-"));
        request.Headers.TryAddWithoutValidation("If-Range", File.ReadAllText(Version));
    }

    /// <summary>Whether an answer goes on where the part ends (RFC 9110, 14.4), if only to say that nothing is missing. Another answer to
    /// the question for a range leaves nothing of the part.</summary>
    public bool GoesOn(HttpResponseMessage response)
    {
        bool goesOn =
            response.StatusCode switch
            {
                HttpStatusCode.PartialContent => response.Content.Headers.ContentRange?.From == PartLength(),
                HttpStatusCode.RequestedRangeNotSatisfiable => response.Content.Headers.ContentRange?.Length == PartLength(),
                _ => false,
            }
            && PartLength() > 0;
        if (goesOn)
            return true;
        if (response.StatusCode is HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable)
            Forget();
        return false;
    }

    /// <summary>Reads the body into the file if it is an archive.</summary>
    /// <returns>The archive; or null, and the body from its start.</returns>
    /// <exception cref="FetchException"><c>too_large</c>, <c>timeout</c>, <c>truncated_body</c>.</exception>
    public async Task<(ArchiveFile? Archive, Stream Body)> Take(HttpResponseMessage response, bool goesOn, CancellationToken cancel)
    {
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            return (Complete(), Stream.Null);
        Stream body = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
        byte[] start = goesOn ? [] : await Start(body, cancel).ConfigureAwait(false);
        if (!goesOn && ArchiveSniffer.Of(start) is null)
            return (null, new PrefixedStream(start, body));
        if (!goesOn)
            Forget();
        if (Strong(response) is { } version)
            await File.WriteAllTextAsync(Version, version, cancel).ConfigureAwait(false);

        await using (FileStream file = new(Part, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, 1))
        {
            file.Seek(0, SeekOrigin.End);
            if (file.Length + (response.Content.Headers.ContentLength ?? 0) > maxBytes)
                throw Over();
            await Save(new PrefixedStream(start, body), file, cancel).ConfigureAwait(false);
        }
        return (Complete(), Stream.Null);
    }

    private void Forget()
    {
        File.Delete(Version);
        File.Delete(Part);
    }

    private async Task<byte[]> Start(Stream body, CancellationToken cancel)
    {
        byte[] start = new byte[ArchiveSniffer.Window];
        using CancellationTokenSource stalled = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        stalled.CancelAfter(timeout);
        return start[..await body.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, stalled.Token).ConfigureAwait(false)];
    }

    // A weak validator, or a date, may stand for two files that differ in bytes.
    private static string? Strong(HttpResponseMessage response) => response.Headers.ETag is { IsWeak: false } tag ? tag.Tag : null;

    private async Task Save(PrefixedStream body, FileStream file, CancellationToken cancel)
    {
        byte[] buffer = new byte[Buffer];
        using CancellationTokenSource stalled = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        while (true)
        {
            stalled.CancelAfter(timeout);
            int read = await body.ReadAsync(buffer, stalled.Token).ConfigureAwait(false);
            if (read == 0)
                break;
            if (file.Length + read > maxBytes)
                throw Over();
            await file.WriteAsync(buffer.AsMemory(0, read), cancel).ConfigureAwait(false);
        }
        file.Flush(flushToDisk: true);
    }

    private FetchException Over()
    {
        Forget();
        return new FetchException(Reason.TooLarge);
    }

    private ArchiveFile Complete()
    {
        byte[] start = new byte[ArchiveSniffer.Window];
        long length;
        using (FileStream file = File.OpenRead(Part))
        {
            start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
            length = file.Length;
        }
        string whole =
            path
            + ArchiveSniffer.Of(start) switch
            {
                ArchiveKind.Zip => ".zip",
                ArchiveKind.TarGz => ".tar.gz",
                _ => ".tar",
            };
        File.Move(Part, whole, overwrite: true);
        return new ArchiveFile(whole, length);
    }

    private long? PartLength() => new FileInfo(Part) is { Exists: true } part ? part.Length : null;
}

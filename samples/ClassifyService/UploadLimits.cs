// What a client may send, and how many at once.

namespace DataFreeKD.ClassifyService;

/// <summary>Bounds the memory of the service: what one upload may decode to, times those at work.</summary>
/// <param name="Pixels">Width × height of an image, <c>--max-pixels</c>: some times what a model of 224 to 512 pixels a side looks at;
/// clients with larger photographs make them smaller.</param>
/// <param name="Bytes">Of a request's body, <c>--max-bytes</c>.</param>
/// <param name="AtWork">Uploads read and decoded at the same time, <c>--at-work</c>.</param>
/// <param name="Waiting">Uploads that wait their turn, unread, <c>--waiting</c>; further ones get 503 and the time to come again.</param>
internal sealed record UploadLimits(long Pixels, int Bytes, int AtWork, int Waiting)
{
    /// <summary>The defaults, and what the command line has of its own.</summary>
    public static UploadLimits Of(IConfiguration given) =>
        new(
            given.GetValue("max-pixels", 4_194_304L),
            given.GetValue("max-bytes", 16 << 20),
            given.GetValue("at-work", Environment.ProcessorCount),
            given.GetValue("waiting", 16)
        );
}

// Images that were read and wait for their batch, within bounded memory.

namespace DataFreeKD.Probe;

/// <summary>Decodes images as late as memory allows.</summary>
/// <param name="transform">How the teacher sees them.</param>
/// <param name="fast">Whether a JPEG may be decoded at a reduced scale.</param>
internal sealed class WaitingImages(Preprocessing transform, bool fast)
{
    private long waiting;

    /// <summary>Lets only so many bytes of files wait for their batch; an image beyond that is decoded as it is read, which takes far
    /// less.</summary>
    public IEnumerable<ScoreInput> Bounded(IEnumerable<ScoreInput> inputs, long most)
    {
        foreach (ScoreInput input in inputs)
        {
            long bytes = input.Image.Bytes?.LongLength ?? 0;
            if (Interlocked.Add(ref waiting, bytes) <= most)
            {
                yield return input with
                {
                    Waiting = bytes,
                };
                continue;
            }
            Interlocked.Add(ref waiting, -bytes);
            DecodedInput decoded = DecodedInput.From(input, transform, fast);
            yield return decoded.Input with
            {
                Early = decoded,
            };
        }
    }

    /// <summary>Decodes a batch, in order; what waited waits no longer.</summary>
    public DecodedInput[] Decoded(IReadOnlyList<ScoreInput> inputs) => [.. inputs.Select(Decoded)];

    private DecodedInput Decoded(ScoreInput input)
    {
        if (input.Early is { } early)
            return early;
        DecodedInput decoded = DecodedInput.From(input, transform, fast);
        Interlocked.Add(ref waiting, -input.Waiting);
        return decoded;
    }
}

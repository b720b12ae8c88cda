// How fast one host is asked: a number of requests at a time that grows slowly and shrinks at once, and a pause that overload lengthens.

namespace DataFreeKD.Crawler.Fetching;

/// <summary>Additive increase, multiplicative decrease (Chiu and Jain, 1989), led by latency and by the answers 429 and 503. Not
/// thread-safe.</summary>
internal sealed class HostPace(int most, TimeSpan least)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250),
        LongestPause = TimeSpan.FromSeconds(30),
        Negligible = TimeSpan.FromMilliseconds(10);

    private double limit = Math.Max(1, most / 2.0);
    private double usual = double.NaN;
    private TimeSpan pause;

    /// <summary>Requests at a time.</summary>
    public int Limit => (int)limit;

    /// <summary>The <c>Crawl-delay</c> that the host asks for.</summary>
    public TimeSpan CrawlDelay { get; set; }

    /// <summary>Least time between the starts of two requests.</summary>
    public TimeSpan Delay => pause > Floor ? pause : Floor;

    private TimeSpan Floor => CrawlDelay > least ? CrawlDelay : least;

    /// <summary>What is known of the pace.</summary>
    public PaceRecord Record => new(limit, double.IsNaN(usual) ? null : usual, pause.TotalMilliseconds, CrawlDelay.TotalMilliseconds);

    /// <summary>Goes on at a pace that was known before.</summary>
    public void Restore(PaceRecord known)
    {
        limit = Math.Clamp(known.Limit, 1, most);
        usual = known.UsualSeconds ?? double.NaN;
        pause = TimeSpan.FromMilliseconds(known.PauseMilliseconds);
        CrawlDelay = TimeSpan.FromMilliseconds(known.CrawlDelayMilliseconds);
    }

    /// <summary>An answer came.</summary>
    /// <param name="latency">Seconds to its headers.</param>
    public void Answered(double latency)
    {
        // "Usual" follows falls at once and rises slowly, so that a host that we slow down is not taken for a slow host.
        usual = !(latency >= usual) ? latency : usual + 0.02 * (latency - usual);
        if (latency > 3 * usual + 0.1)
            limit = Math.Max(1, limit * 0.9);
        else
            limit = Math.Min(most, limit + 0.25 / limit);
        pause *= 0.8;
        if (pause < Negligible)
            pause = TimeSpan.Zero;
    }

    /// <summary>The host says that it is asked too much.</summary>
    public void Overloaded()
    {
        limit = Math.Max(1, limit / 2);
        pause =
            pause == TimeSpan.Zero ? FirstPause
            : pause * 2 > LongestPause ? LongestPause
            : pause * 2;
    }

    /// <summary>No answer came in time, or it broke off.</summary>
    public void Failed() => limit = Math.Max(1, limit / 2);
}

/// <summary>A host's pace, as it is kept.</summary>
/// <param name="Limit">Requests at a time.</param>
/// <param name="UsualSeconds">Usual latency; null before the first answer.</param>
/// <param name="PauseMilliseconds">Pause that overload asks for.</param>
/// <param name="CrawlDelayMilliseconds">Pause that robots.txt asks for.</param>
internal sealed record PaceRecord(double Limit, double? UsualSeconds, double PauseMilliseconds, double CrawlDelayMilliseconds);

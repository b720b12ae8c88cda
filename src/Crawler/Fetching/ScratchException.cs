// The own disk failed, which is no server's fault.

namespace DataFreeKD.Crawler.Fetching;

/// <summary>A scratch file could not be written: the crawl stops, and goes on where it was when there is room.</summary>
internal sealed class ScratchException(IOException inner) : IOException(inner.Message, inner);

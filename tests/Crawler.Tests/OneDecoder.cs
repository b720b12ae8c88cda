// The tests of this project run on Skia's JPEG codec alone: what damaged files decode to must not hang on the machine.

using System.Runtime.CompilerServices;

namespace DataFreeKD.Crawler.Tests;

internal static class OneDecoder
{
    /// <summary>libjpeg-turbo's vector code saturates coefficients beyond 16 bits where Skia's does not; only damaged files have any, and a
    /// property over damaged files finds them.</summary>
    [ModuleInitializer]
    internal static void Choose() => Environment.SetEnvironmentVariable("DFKD_TURBOJPEG", "0");
}

// A browser to look at pages with.

using PuppeteerSharp;

namespace DataFreeKD.Reporting.Tests;

internal static class Browsers
{
    private static readonly string[] Places =
    [
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        @"C:\Program Files\Google\Chrome\Application\chrome.exe",
    ];

    /// <summary>Starts one without a window; skips the test where there is none.</summary>
    public static async Task<IBrowser> Start()
    {
        string? browser = Environment.GetEnvironmentVariable("CHROME_PATH") is { Length: > 0 } named
            ? named
            : Places.FirstOrDefault(File.Exists);
        Assert.SkipWhen(browser is null, "no Chromium on this machine (Debian: apt-get install chromium; or set CHROME_PATH)");
        // Without a sandbox, which containers forbid; and no way out: the only way is by a proxy that nobody serves.
        return await Puppeteer.LaunchAsync(
            new LaunchOptions
            {
                ExecutablePath = browser,
                Headless = true,
                Args =
                [
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-dev-shm-usage",
                    "--proxy-server=http://127.0.0.1:9",
                    "--proxy-bypass-list=<-loopback>",
                    "--hide-scrollbars",
                ],
            }
        );
    }
}

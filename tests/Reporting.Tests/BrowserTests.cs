// The page in a real browser: it fits a phone, says nothing on the console, asks the network for nothing, and works by keyboard.

using PuppeteerSharp;
using PuppeteerSharp.Input;

namespace DataFreeKD.Reporting.Tests;

public sealed class BrowserTests
{
    [Theory]
    [InlineData(1280, 800, false)]
    [InlineData(390, 844, false)]
    [InlineData(390, 844, true)]
    public async Task The_page_fits_its_window_and_leaves_console_and_network_silent(int width, int height, bool dark)
    {
        using ReportWorld world = new();
        world.Everything();
        await using IBrowser browser = await Browsers.Start();
        await using IPage page = await browser.NewPageAsync();
        List<string> console = [],
            asked = [];
        page.Console += (_, message) => console.Add(message.Message.Text);
        page.PageError += (_, error) => console.Add(error.Message);
        page.Request += (_, request) => asked.Add(request.Request.Url);
        await page.SetViewportAsync(
            new ViewPortOptions
            {
                Width = width,
                Height = height,
                IsMobile = width < 600,
            }
        );
        await page.EmulateMediaFeaturesAsync([new() { MediaFeature = MediaFeature.PrefersColorScheme, Value = dark ? "dark" : "light" }]);

        await page.GoToAsync(new Uri(world["report.html"]).AbsoluteUri);
        await OpenAll(page);

        Assert.Empty(console);
        Assert.DoesNotContain(asked, url =>
            !url.StartsWith("file:", StringComparison.Ordinal) && !url.StartsWith("data:", StringComparison.Ordinal)
        );
        Assert.Single(asked, url => url.StartsWith("file:", StringComparison.Ordinal));
        Assert.Equal(width, await page.EvaluateExpressionAsync<int>("document.documentElement.scrollWidth"));
        // What is wider than the window must scroll by itself.
        Assert.Empty(
            await page.EvaluateExpressionAsync<string[]>(
                "[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll') && !e.closest('.unseen')).map(e => e.outerHTML.slice(0, 80))"
            )
        );
        Assert.Equal(
            dark ? "rgb(20, 23, 27)" : "rgb(255, 255, 255)",
            await page.EvaluateExpressionAsync<string>("getComputedStyle(document.documentElement).backgroundColor")
        );
        await DecodeAll(page);
        if (Environment.GetEnvironmentVariable("DFKD_SCREENSHOTS") is { Length: > 0 } folder)
            await page.ScreenshotAsync(
                Path.Combine(folder, $"report-{width}{(dark ? "-dark" : "")}.png"),
                new ScreenshotOptions { FullPage = true }
            );
    }

    [Fact]
    public async Task Every_picture_is_decoded_and_every_drawn_colour_resolved()
    {
        using ReportWorld world = new();
        world.Everything();
        await using IBrowser browser = await Browsers.Start();
        await using IPage page = await browser.NewPageAsync();
        await page.GoToAsync(new Uri(world["report.html"]).AbsoluteUri);

        await DecodeAll(page);

        Assert.Equal(0, await page.EvaluateExpressionAsync<int>("[...document.images].filter(image => image.naturalWidth === 0).length"));
        string[] colours = await page.EvaluateExpressionAsync<string[]>(
            "[...new Set([...document.querySelectorAll('svg *')].flatMap(e => [getComputedStyle(e).fill, getComputedStyle(e).stroke]))]"
        );
        Assert.Contains("rgb(179, 71, 10)", colours);
        Assert.DoesNotContain(colours, colour => colour.StartsWith("rgb(1, 2,", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_keyboard_alone_reaches_the_report_and_opens_its_tables()
    {
        using ReportWorld world = new();
        world.Everything();
        await using IBrowser browser = await Browsers.Start();
        await using IPage page = await browser.NewPageAsync();
        await page.GoToAsync(new Uri(world["report.html"]).AbsoluteUri);

        await page.Keyboard.PressAsync(Key.Tab);
        Assert.Equal("Skip to the report", await page.EvaluateExpressionAsync<string>("document.activeElement.textContent"));
        Assert.True(await page.EvaluateExpressionAsync<bool>("document.activeElement.getBoundingClientRect().left >= 0"));
        await page.Keyboard.PressAsync(Key.Enter);
        Assert.Equal("main", await page.EvaluateExpressionAsync<string>("document.activeElement.id"));
        for (
            int press = 0;
            press < 100 && await page.EvaluateExpressionAsync<string>("document.activeElement.localName") != "summary";
            press++
        )
            await page.Keyboard.PressAsync(Key.Tab);
        Assert.False(await page.EvaluateExpressionAsync<bool>("document.activeElement.parentElement.open"));
        await page.Keyboard.PressAsync(Key.Enter);
        Assert.True(await page.EvaluateExpressionAsync<bool>("document.activeElement.parentElement.open"));
        Assert.NotEqual("none", await page.EvaluateExpressionAsync<string>("getComputedStyle(document.activeElement).outlineStyle"));
    }

    // Those out of sight, too.
    private static Task DecodeAll(IPage page) =>
        page.EvaluateExpressionAsync("Promise.all([...document.images].map(image => { image.loading = 'eager'; return image.decode(); }))");

    private static Task OpenAll(IPage page) =>
        page.EvaluateExpressionAsync("document.querySelectorAll('details').forEach(d => d.open = true)");
}

// The page on which a person answers an audit: the table it saves is the table with answers.

using System.Text.Json;
using DataFreeKD.Manifests;
using DataFreeKD.Reporting.Audit;
using DataFreeKD.Testing;
using PuppeteerSharp;
using PuppeteerSharp.Input;

namespace DataFreeKD.Reporting.Tests;

public sealed class AuditPageTests : IDisposable
{
    private static readonly string[] Header = ["path", "class_name", "answer", "stratum"];

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Foreign_text_cannot_break_out_of_the_page()
    {
        string html = Page(("pool/</script><script>alert(1)</script>.png", "<b>cat & \"dog\"", ""));
        Assert.DoesNotContain("<script>alert", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>cat", html, StringComparison.Ordinal);
        Assert.Contains("cannot be shown: ", html, StringComparison.Ordinal);
        JsonDocument data = JsonDocument.Parse(html.Split("id=\"audit\">")[1].Split("</script>")[0]);
        Assert.Equal("pool/</script><script>alert(1)</script>.png", data.RootElement.GetProperty("rows")[0][0].GetString());
    }

    [Theory]
    [InlineData(1280, 800)]
    [InlineData(390, 844)]
    public async Task Answered_by_keyboard_it_saves_the_table_with_its_answers(int width, int height)
    {
        for (int image = 0; image < 30; image++)
            Draw($"pool/{image}.png", image);
        Page([
            .. Enumerable.Range(0, 30).Select(image => ($"pool/{image}.png", image % 2 == 0 ? "cat, wild" : "dog", image == 5 ? "no" : "")),
        ]);
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
        await page.GoToAsync(new Uri(folder["audit.html"]).AbsoluteUri);

        Assert.Equal("1 of 30 answered", await Count(page));
        foreach (string key in (string[])["y", "n", "u", "y"])
            await page.Keyboard.PressAsync(key);
        await page.Keyboard.PressAsync(Key.Tab);
        Assert.Equal("5 of 30 answered", await Count(page));
        Assert.Equal(width, await page.EvaluateExpressionAsync<int>("document.documentElement.scrollWidth"));
        if (Environment.GetEnvironmentVariable("DFKD_SCREENSHOTS") is { Length: > 0 } shots)
            await page.ScreenshotAsync(Path.Combine(shots, $"audit-{width}.png"));
        string saved = await page.EvaluateExpressionAsync<string>("table()");
        File.WriteAllText(folder["saved.csv"], saved);

        using TableReader table = Table.Open(folder["saved.csv"]);
        TableRow[] rows = [.. table.Rows(TestContext.Current.CancellationToken)];
        Assert.Equal(Header, table.Header.Columns);
        Assert.Equal(["yes", "no", "unsure", "yes", "", "no"], rows.Take(6).Select(row => row["answer"]));
        Assert.Equal("cat, wild", rows[4]["class_name"]);
        Assert.Equal(30, rows.Length);
        Assert.Empty(console);
        Assert.All(asked, url =>
            Assert.True(url.StartsWith("file:", StringComparison.Ordinal) || url.StartsWith("data:", StringComparison.Ordinal), url)
        );

        // Answers outlive the tab where the browser lets them.
        await page.ReloadAsync();
        Assert.Equal("5 of 30 answered", await Count(page));
    }

    [Fact]
    public async Task The_button_downloads_the_answered_table_under_its_name()
    {
        Draw("pool/0.png", 0);
        Page(("pool/0.png", "cat", ""));
        await using IBrowser browser = await Browsers.Start();
        await using IPage page = await browser.NewPageAsync();
        ICDPSession session = await page.CreateCDPSessionAsync();
        await session.SendAsync(
            "Browser.setDownloadBehavior",
            new { behavior = "allow", downloadPath = Path.GetDirectoryName(folder["downloads/x"]) }
        );
        await page.GoToAsync(new Uri(folder["audit.html"]).AbsoluteUri);
        await page.ClickAsync("input[value=no]");
        await page.ClickAsync("#save");
        for (int tenth = 0; tenth < 100 && !File.Exists(folder["downloads/audit.csv"]); tenth++)
            await Task.Delay(100, TestContext.Current.CancellationToken);
        Assert.Equal(
            "path,class_name,answer,stratum\npool/0.png,cat,no,0\n",
            await File.ReadAllTextAsync(folder["downloads/audit.csv"], TestContext.Current.CancellationToken)
        );
    }

    private static Task<string> Count(IPage page) => page.EvaluateExpressionAsync<string>("document.getElementById('count').textContent");

    private void Draw(string path, int seed)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder[path])!);
        File.WriteAllBytes(folder[path], NoiseBitmap.Of(24, 24, seed));
    }

    private string Page(params (string Path, string ClassName, string Answer)[] images)
    {
        using (TableWriter writer = Table.Create(folder["audit.csv"], Header))
        {
            foreach ((int at, (string path, string name, string answer)) in images.Index())
                writer.Write([path, name, answer, $"{at % 10}"]);
            writer.Commit();
        }
        AuditPage.Write(folder["audit.csv"], folder["audit.html"], TestContext.Current.CancellationToken);
        return File.ReadAllText(folder["audit.html"]);
    }
}

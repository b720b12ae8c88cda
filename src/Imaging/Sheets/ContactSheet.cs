// One picture of many: titled sections of captioned thumbnails, as a PNG.

namespace DataFreeKD.Imaging.Sheets;

/// <summary>A thumbnail.</summary>
/// <param name="Image">The image, shrunk to fit its cell; null draws an empty cell (an image that could not be decoded).</param>
/// <param name="Caption">One line under it, cut to the cell's width.</param>
public sealed record SheetCell(RgbImage? Image, string Caption);

/// <summary>A row of cells that wraps, under a title.</summary>
/// <param name="Title">For example <c>best</c>.</param>
/// <param name="Cells">In reading order.</param>
public sealed record SheetSection(string Title, IReadOnlyList<SheetCell> Cells);

/// <summary>Lays out sections of thumbnails on white.</summary>
public sealed record ContactSheet
{
    private const int Gap = 6,
        TitleScale = 2,
        CaptionHeight = PixelFont.Height + 6,
        TitleHeight = PixelFont.Height * TitleScale + 2 * Gap;

    /// <summary>Side of a thumbnail's cell, pixels.</summary>
    public int CellSize { get; init; } = 96;

    /// <summary>Cells in a row.</summary>
    public int Columns { get; init; } = 8;

    /// <summary>Draws the sheet.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is nothing to draw, or CellSize or Columns is not positive.</exception>
    public RgbImage Draw(IReadOnlyList<SheetSection> sections)
    {
        ArgumentNullException.ThrowIfNull(sections);
        ArgumentOutOfRangeException.ThrowIfZero(sections.Count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(CellSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Columns);
        int columns = Math.Clamp(sections.Max(static section => section.Cells.Count), 1, Columns);
        int rowHeight = CellSize + CaptionHeight + Gap;
        int width = Gap + columns * (CellSize + Gap);
        int height = Gap + sections.Sum(section => TitleHeight + (section.Cells.Count + columns - 1) / columns * rowHeight);
        byte[] pixels = new byte[checked(width * height * 3)];
        pixels.AsSpan().Fill(255);
        int top = 0;
        foreach (SheetSection section in sections)
        {
            PixelFont.Draw(pixels, width, PixelFont.Fit(section.Title, width - 2 * Gap, TitleScale), Gap, top + Gap, TitleScale, 0);
            top += TitleHeight;
            for (int i = 0; i < section.Cells.Count; i++)
            {
                DrawCell(pixels, width, section.Cells[i], Gap + i % columns * (CellSize + Gap), top + i / columns * rowHeight);
            }
            top += (section.Cells.Count + columns - 1) / columns * rowHeight;
        }
        return new RgbImage(width, height, pixels);
    }

    /// <summary>Draws the sheet and encodes it.</summary>
    public byte[] EncodePng(IReadOnlyList<SheetSection> sections) => ImageWriter.EncodePng(Draw(sections));

    private void DrawCell(byte[] pixels, int width, SheetCell cell, int left, int top)
    {
        for (int y = 0; y < CellSize; y++)
            pixels.AsSpan(((top + y) * width + left) * 3, CellSize * 3).Fill(236);
        if (cell.Image is { } image)
        {
            RgbImage thumbnail = Thumbnail(image);
            int x = left + (CellSize - thumbnail.Width) / 2,
                y = top + (CellSize - thumbnail.Height) / 2;
            for (int row = 0; row < thumbnail.Height; row++)
            {
                thumbnail.Pixels.AsSpan(row * thumbnail.Width * 3, thumbnail.Width * 3).CopyTo(pixels.AsSpan(((y + row) * width + x) * 3));
            }
        }
        PixelFont.Draw(pixels, width, PixelFont.Fit(cell.Caption, CellSize, 1), left, top + CellSize + 3, 1, 64);
    }

    // Small images are enlarged by whole factors, so that 32×32 pictures can be seen.
    private RgbImage Thumbnail(RgbImage image)
    {
        int longest = Math.Max(image.Width, image.Height);
        if (longest <= CellSize / 2)
        {
            int factor = CellSize / longest;
            return PilResize.Resize(image, image.Width * factor, image.Height * factor, Interpolation.Bilinear);
        }
        int Side(int side) => Math.Max(1, (int)((long)side * CellSize / longest));
        return longest <= CellSize ? image : PilResize.Resize(image, Side(image.Width), Side(image.Height), Interpolation.Bicubic);
    }
}

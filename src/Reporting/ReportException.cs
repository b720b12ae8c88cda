// The one error of reports that no table is to blame for.

namespace DataFreeKD.Reporting;

/// <summary>Options or files that no report can be made of; the message says what, where and how to mend it.</summary>
public sealed class ReportException(string message, Exception? inner = null) : DataFreeKDException(message, inner);

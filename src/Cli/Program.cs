// Entry point of the dfkd command.

return await DataFreeKD.Cli.CommandLine.RunAsync(args);

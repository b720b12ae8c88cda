// Entry point of the dfkd command.

return 0;

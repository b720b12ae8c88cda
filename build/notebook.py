"""Runs the code cells of a notebook by `dotnet interactive stdio` and keeps their outputs in the file. Usage: notebook.py NOTEBOOK"""
import json
import pathlib
import subprocess
import sys

# The kernel takes whole paths alone, and the file shall name no machine's.
CHECKOUT, HERE = "/path/to/DataFreeKD", str(pathlib.Path(__file__).resolve().parent.parent)

path = sys.argv[1]
with open(path, encoding="utf-8") as file:
    notebook = json.load(file)
kernel = subprocess.Popen(
    ["dotnet", "tool", "run", "dotnet-interactive", "stdio", "--default-kernel", "csharp", "--working-dir", "."],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")


def run(code, token):
    """The outputs of one cell, and what went wrong (or None)."""
    command = {"token": token, "commandType": "SubmitCode", "command": {"code": code, "targetKernelName": "csharp"}, "routingSlip": []}
    kernel.stdin.write(json.dumps(command) + "\n")
    kernel.stdin.flush()
    outputs = []
    for line in kernel.stdout:
        if not line.startswith("{"):
            continue
        envelope = json.loads(line)
        kind, event = envelope.get("eventType"), envelope.get("event", {})
        # A cell's directives run as commands of their own (token.1, token.2), whose messages are the package manager's.
        mine = (envelope.get("command") or {}).get("token") == token
        values = event.get("formattedValues") or []
        if kind == "StandardOutputValueProduced":
            text = "".join(value["value"] for value in values)
            if outputs and outputs[-1].get("name") == "stdout":
                outputs[-1]["text"] += text
            else:
                outputs.append({"output_type": "stream", "name": "stdout", "text": text})
        elif kind in ("DisplayedValueProduced", "ReturnValueProduced") and any(value["mimeType"] == "image/png" for value in values):
            outputs.append({"output_type": "display_data", "metadata": {}, "data": {value["mimeType"]: value["value"] for value in values}})
        elif kind == "CommandFailed" and mine:
            return outputs, event.get("message", "failed")
        elif kind == "CommandSucceeded" and mine:
            return outputs, None
    return outputs, "dotnet interactive ended"


count = 0
try:
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        count += 1
        outputs, problem = run("".join(cell["source"]).replace(CHECKOUT, HERE), f"cell{count}")
        for output in outputs:
            if "text" in output:
                output["text"] = output["text"].replace("\r\n", "\n").splitlines(True)
        cell["outputs"], cell["execution_count"] = outputs, count
        print(f"cell {count}: {'failed' if problem else 'done'}, {len(outputs)} outputs", flush=True)
        if problem:
            sys.exit(f"notebook.py: cell {count} of {path}: {problem}")
finally:
    kernel.stdin.close()
    kernel.terminate()
    kernel.wait()
with open(path, "w", encoding="utf-8") as file:
    json.dump(notebook, file, indent=1, ensure_ascii=False)
    file.write("\n")
